"""The hub's client, against a server that answers and fails as the hub does."""

from __future__ import annotations

import resource
import socket
import time
from pathlib import Path

import pytest

from gqvae.corpus.hub import Backoff, download
from gqvae.corpus.pinned import TINYSTORIES
from gqvae.errors import UserError
from gqvae.files import read_json


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Every wait, ours and the library's, is noted and skipped."""
    noted: list[float] = []
    monkeypatch.setattr(time, "sleep", noted.append)
    return noted


@pytest.fixture(autouse=True)
def small_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gqvae.corpus.hub.PIECE_BYTES", 500)


@pytest.fixture
def backoff(waits: list[float]) -> Backoff:
    return Backoff(attempts=4, base=1.0, ceiling=60.0)


def hidden(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir() if path.name.endswith((".partial", ".tmp")))


def test_files_arrive_verified_and_without_credentials(hub, backoff, waits, tmp_path, monkeypatch):
    monkeypatch.setenv("HF_TOKEN", "hf_not_a_real_one")
    paths = download(hub.dataset(), tmp_path, backoff)
    assert {path.name: path.read_bytes() for path in paths} == hub.files
    assert hub.requests == ["HEAD valid.txt", "GET valid.txt", "HEAD train.txt", "GET train.txt"]
    assert not hub.authorized and not waits and not hidden(tmp_path)


def test_second_call_needs_no_network(hub, backoff, tmp_path):
    dataset = hub.dataset()
    download(dataset, tmp_path, backoff)
    hub.requests.clear()
    download(dataset, tmp_path, backoff)
    assert hub.requests == []


def test_damaged_file_is_fetched_again(hub, backoff, tmp_path):
    dataset = hub.dataset()
    download(dataset, tmp_path, backoff)
    (tmp_path / "valid.txt").write_bytes(b"something else")
    hub.requests.clear()
    download(dataset, tmp_path, backoff)
    assert hub.requests == ["HEAD valid.txt", "GET valid.txt"]
    assert (tmp_path / "valid.txt").read_bytes() == hub.files["valid.txt"]


def test_cut_body_is_resumed_where_it_stopped(hub, backoff, tmp_path):
    hub.faults["GET train.txt"] = [("cut", 100_000), ("cut", 50_000)]
    download(hub.dataset(), tmp_path, backoff)
    assert (tmp_path / "train.txt").read_bytes() == hub.files["train.txt"]
    gets = [request for request in hub.requests if request.startswith("GET train.txt")]
    assert gets == ["GET train.txt", "GET train.txt bytes=100000-", "GET train.txt bytes=150000-"]


def test_partial_file_of_an_earlier_process_is_continued(hub, backoff, tmp_path):
    dataset = hub.dataset()
    content = hub.files["train.txt"]
    (tmp_path / f".train.txt.{dataset.files[1].sha256[:16]}.partial").write_bytes(content[:200_000])
    download(dataset, tmp_path, backoff)
    assert "GET train.txt bytes=200000-" in hub.requests
    assert (tmp_path / "train.txt").read_bytes() == content and not hidden(tmp_path)


def test_server_without_ranges_starts_over(hub, backoff, tmp_path):
    dataset = hub.dataset()
    (tmp_path / f".train.txt.{dataset.files[1].sha256[:16]}.partial").write_bytes(hub.files["train.txt"][:1000])
    hub.always["GET train.txt"] = ("no range",)
    download(dataset, tmp_path, backoff)
    assert (tmp_path / "train.txt").read_bytes() == hub.files["train.txt"]


def test_hopeless_cuts_end_in_a_sentence_and_keep_what_came(hub, backoff, tmp_path):
    hub.always["GET train.txt"] = ("cut", 0)
    hub.faults["GET train.txt"] = [("cut", 1000)]
    with pytest.raises(UserError, match=r"train\.txt of someone/stories: no connection .* run again to resume"):
        download(hub.dataset(), tmp_path, backoff)
    assert (tmp_path / "valid.txt").exists() and not (tmp_path / "train.txt").exists()
    assert [(tmp_path / name).stat().st_size for name in hidden(tmp_path)] == [1000]


def test_wrong_body_is_deleted_and_refused(hub, backoff, tmp_path):
    hub.always["GET valid.txt"] = ("body", b"A wrong one.\n")
    with pytest.raises(UserError, match=r"valid\.txt .* not the pinned .*; it was deleted"):
        download(hub.dataset(), tmp_path, backoff)
    assert not (tmp_path / "valid.txt").exists() and not hidden(tmp_path)


def test_endless_body_is_refused_before_it_fills_the_disk(hub, backoff, tmp_path):
    hub.always["GET valid.txt"] = ("body", b"A short one.\n" * 100_000)
    with pytest.raises(UserError, match=r"valid\.txt: the server sends more than its 13 bytes"):
        download(hub.dataset(), tmp_path, backoff)
    assert sum(path.stat().st_size for path in tmp_path.iterdir()) <= 13


def test_server_that_stops_sending_is_left_and_asked_for_the_rest(hub, backoff, tmp_path, monkeypatch):
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_DOWNLOAD_TIMEOUT", 0.3)
    hub.faults["GET train.txt"] = [("stall", 100_000)]
    download(hub.dataset(), tmp_path, backoff)
    assert (tmp_path / "train.txt").read_bytes() == hub.files["train.txt"]
    assert "GET train.txt bytes=100000-" in hub.requests


def test_wrong_announcement_is_refused_before_the_body(hub, backoff, tmp_path):
    dataset = hub.dataset()
    hub.files["valid.txt"] = b"Another revision.\n"
    with pytest.raises(UserError, match=r"announces valid\.txt with SHA-256"):
        download(dataset, tmp_path, backoff)
    assert hub.requests == ["HEAD valid.txt"]


def test_metadata_429_waits_as_long_as_asked(hub, backoff, waits, tmp_path):
    hub.faults["HEAD valid.txt"] = [("status", 429, {"Retry-After": "17"})]
    download(hub.dataset(), tmp_path, backoff)
    assert waits == [17.0]


def test_body_429_is_retried(hub, backoff, waits, tmp_path):
    hub.faults["GET train.txt"] = [("status", 429, {"Retry-After": "3"}), ("status", 429, {})]
    download(hub.dataset(), tmp_path, backoff)
    assert (tmp_path / "train.txt").read_bytes() == hub.files["train.txt"] and len(waits) == 2


def test_endless_500_ends_in_a_sentence_after_growing_waits(hub, backoff, waits, tmp_path):
    hub.always["GET valid.txt"] = ("status", 500, {})
    with pytest.raises(UserError, match="the hub keeps answering 500"):
        download(hub.dataset(), tmp_path, backoff)
    assert waits == [1.0, 2.0, 4.0]


def test_missing_file_is_not_retried(hub, backoff, waits, tmp_path):
    dataset = hub.dataset()
    del hub.files["valid.txt"]
    with pytest.raises(UserError, match=f"the hub answers 404: there is no such file at revision {dataset.revision}"):
        download(dataset, tmp_path, backoff)
    assert hub.requests == ["HEAD valid.txt"] and not waits


@pytest.mark.parametrize("status", [401, 403])
def test_a_login_is_named_and_not_retried(status, hub, backoff, waits, tmp_path):
    hub.always["HEAD valid.txt"] = ("status", status, {"X-Error-Code": "GatedRepo"})
    with pytest.raises(
        UserError, match=f"the hub answers {status}: it does not exist, or needs a login, .* `source: text`"
    ) as raised:
        download(hub.dataset(), tmp_path, backoff)
    assert hub.requests == ["HEAD valid.txt"] and not waits and "\n" not in str(raised.value)


def unpinned(hub):
    dataset = hub.dataset()
    return dataset._replace(files=tuple(file._replace(sha256=None, size=None) for file in dataset.files))


def test_a_file_without_a_pin_is_verified_as_announced_and_recorded(hub, backoff, tmp_path):
    hub.faults["GET valid.txt"] = [("body", b"A wrong one\n\n")]
    with pytest.raises(UserError, match=r"valid\.txt .* not the announced .*; it was deleted"):
        download(unpinned(hub), tmp_path, backoff)
    download(unpinned(hub), tmp_path, backoff)
    assert read_json(tmp_path / "sha256.json") == {file.name: file.sha256 for file in hub.dataset().files}
    hub.requests.clear()
    download(unpinned(hub), tmp_path, backoff)
    assert hub.requests == []


@pytest.mark.parametrize("announced", [True, False])
def test_a_file_without_a_pin_must_stay_the_same(announced, hub, backoff, tmp_path):
    hub.announce_digest = announced
    download(unpinned(hub), tmp_path, backoff)
    (tmp_path / "valid.txt").unlink()
    hub.files["valid.txt"] = b"Another one.\n"
    with pytest.raises(UserError, match=r"valid\.txt .* not the pinned"):
        download(unpinned(hub), tmp_path, backoff)
    assert not (tmp_path / "valid.txt").exists()


def test_files_in_folders_of_the_dataset_keep_their_place(hub, backoff, tmp_path):
    hub.files = {"data/a/part.txt": b"One.\n" * 50, "part.txt": b"Two.\n"}
    hub.faults["GET data/a/part.txt"] = [("cut", 100)]
    assert download(hub.dataset(), tmp_path, backoff) == [tmp_path / "data" / "a" / "part.txt", tmp_path / "part.txt"]
    assert {name: (tmp_path / name).read_bytes() for name in hub.files} == hub.files


def test_no_network_is_a_sentence(backoff, waits, tmp_path, monkeypatch):
    with socket.socket() as taken:  # a port where nobody listens
        taken.bind(("127.0.0.1", 0))
        monkeypatch.setenv("HF_ENDPOINT", f"http://127.0.0.1:{taken.getsockname()[1]}")
        with pytest.raises(
            UserError, match=r"TinyStories-valid\.txt of roneneldan/TinyStories: no connection to the hub"
        ) as raised:
            download(TINYSTORIES, tmp_path, backoff)
    assert "\n" not in str(raised.value) and waits == [1.0, 2.0, 4.0]


def test_full_disk_is_a_sentence_and_publishes_nothing(hub, backoff, tmp_path):
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, limits[1]))
    try:
        with pytest.raises(UserError, match="no space is left"):
            download(hub.dataset(), tmp_path, backoff)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert not (tmp_path / "train.txt").exists()


def test_unwritable_target_is_a_sentence(hub, backoff, tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(UserError, match="choose another --out"):
        download(hub.dataset(), tmp_path / "file" / "folder", backoff)


def test_offline_mode_is_named(hub, backoff, waits, tmp_path, monkeypatch):
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    with pytest.raises(UserError, match="HF_HUB_OFFLINE is set"):
        download(hub.dataset(), tmp_path, backoff)
    assert hub.requests == [] and not waits
