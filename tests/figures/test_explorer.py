"""The page in a real browser: what it cuts is what Python cuts."""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from gqvae.corpus.pretokens import count_pretokens
from gqvae.figures.explorer import PASSAGE, explorer_page
from gqvae.tokenizers.base import Tokenizer
from gqvae.tokenizers.bpe import train_bpe
from gqvae.tokenizers.bytes import BytesTokenizer
from gqvae.vocabularies.segmentation import fewest_tokens, string_ids

TYPED = "It's <|endoftext|> the  fox’s naïve 漢字 42!\n\n</script> unbelievable 🙂"


class Gated(BytesTokenizer):
    """Two encoders, as a learned tokenizer has, without a network."""

    kind = "gated, for tests"

    def __init__(self, encoder: str = "distilled") -> None:
        super().__init__()
        self.token_bytes += [b" the", b"un", b"able", b" fox", b"\xc3\xaf", b"</", b"ab"]
        self.encoder = encoder
        self.segmentation = "own" if encoder == "neural" else "fewest"

    def encoders(self) -> list[Tokenizer]:
        return [Gated("neural"), Gated("distilled")]

    def segment(self, pretokens):
        if self.encoder == "neural":
            return super().segment(pretokens)
        return [fewest_tokens(pretoken, string_ids(self.strings), 4) for pretoken in pretokens]


@pytest.fixture(scope="module")
def arms() -> dict[str, Tokenizer]:
    return {"bytes": BytesTokenizer(), "bpe": train_bpe(count_pretokens([(PASSAGE * 3).encode()]), 300), "gqvae": Gated()}


def test_the_page_stands_alone(arms: dict[str, Tokenizer]) -> None:
    page = explorer_page(arms, TYPED)
    assert "http:" not in page and "https:" not in page and page.count("</script>") == 2
    data = json.loads(page.partition('id="data">')[2].partition("</script>")[0])
    assert data["passage"] == TYPED
    assert [(arm["name"], arm["how"]) for arm in data["arms"]] == [
        ("bytes", "fewest"), ("bpe", "merges"), ("gqvae", "fixed"), ("gqvae", "fewest"),
    ]  # fmt: skip


class Browser:
    """Headless Chromium through the W3C WebDriver protocol."""

    def __init__(self, driver: str) -> None:
        with socket.socket() as found:
            found.bind(("127.0.0.1", 0))
            port = found.getsockname()[1]
        self.process = subprocess.Popen([driver, f"--port={port}"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.url = f"http://127.0.0.1:{port}"
        arguments = ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--window-size=420,900"]
        options = {"capabilities": {"alwaysMatch": {"goog:chromeOptions": {"args": arguments}}}}
        for _ in range(100):
            try:
                self.url += f"/session/{self._send('/session', options)['sessionId']}"
                return
            except urllib.error.URLError:
                time.sleep(0.1)
        raise TimeoutError("the browser's driver does not answer")

    def _send(self, path: str, body: dict[str, Any]) -> Any:
        request = urllib.request.Request(self.url + path, json.dumps(body).encode(), {"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=60) as answer:
            return json.load(answer)["value"]

    def open(self, path: Path) -> None:
        self._send("/url", {"url": path.as_uri()})
        # Until a page has been painted, Chromium throws keys away: two frames, so that one is on the screen.
        painted = "const done = arguments[0]; requestAnimationFrame(() => requestAnimationFrame(() => done()))"
        self._send("/execute/async", {"script": painted, "args": []})

    def run(self, script: str) -> Any:
        return self._send("/execute/sync", {"script": f"return {script}", "args": []})

    def type(self, text: str) -> None:
        """Into whatever has the focus."""
        keys = [{"type": action, "value": key} for key in text for action in ("keyDown", "keyUp")]
        self._send("/actions", {"actions": [{"type": "key", "id": "keyboard", "actions": keys}]})

    def close(self) -> None:
        self.process.terminate()
        self.process.wait(timeout=20)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    driver = shutil.which("chromedriver")
    if driver is None or shutil.which("chromium") is None:
        pytest.skip("needs Chromium and its driver (Debian: chromium, chromium-driver)")
    browser = Browser(driver)
    try:
        yield browser
    finally:
        browser.close()


@pytest.fixture
def page(browser: Browser, arms: dict[str, Tokenizer], tmp_path: Path) -> Browser:
    (tmp_path / "page.html").write_text(explorer_page(arms), encoding="utf-8")
    browser.open(tmp_path / "page.html")
    return browser


IDS = "[...document.querySelectorAll('section')].map(s => [...s.querySelectorAll('[data-id]')].map(t => +t.dataset.id))"
TAB = "\ue004"


def test_the_first_passage_is_cut_as_python_cuts_it(page: Browser, arms: dict[str, Tokenizer]) -> None:
    expected = [one.encode(PASSAGE) for tokenizer in arms.values() for one in tokenizer.encoders()]
    assert page.run(IDS) == expected
    counts = page.run("[...document.querySelectorAll('section p')].map(p => parseInt(p.textContent))")
    assert counts == list(map(len, expected))


def test_text_typed_with_the_keyboard_alone_is_cut_as_python_cuts_it(page: Browser, arms: dict[str, Tokenizer]) -> None:
    page.type(TAB)  # the first stop is the box
    assert page.run("document.activeElement.id") == "text"
    page.run("document.activeElement.select()")
    page.type(TYPED)
    assert page.run("document.getElementById('text').value") == TYPED
    shown = page.run(IDS)
    assert shown == [
        arms["bytes"].encode(TYPED), arms["bpe"].encode(TYPED), [], arms["gqvae"].encode(TYPED),
    ]  # fmt: skip
    assert "not in this page" in page.run("document.querySelectorAll('section')[2].textContent")


def test_line_ends_are_those_of_the_box(browser: Browser, arms: dict[str, Tokenizer], tmp_path: Path) -> None:
    (tmp_path / "page.html").write_text(explorer_page(arms, "the fox\r\nis able\r"), encoding="utf-8")
    browser.open(tmp_path / "page.html")
    assert browser.run(IDS) == [one.encode("the fox\nis able\n") for arm in arms.values() for one in arm.encoders()]


def test_a_large_vocabulary_is_shown(browser: Browser, tmp_path: Path) -> None:
    large = BytesTokenizer()
    large.token_bytes += [str(number).encode() for number in range(1000, 200_000)]
    (tmp_path / "page.html").write_text(explorer_page({"large": large}, "7 frogs"), encoding="utf-8")
    browser.open(tmp_path / "page.html")
    assert browser.run("document.querySelectorAll('section').length") == 1


def test_the_vocabulary_is_searched_with_the_keyboard_alone(page: Browser) -> None:
    page.type(TAB * 2)
    assert page.run("document.activeElement.id") == "arm"
    page.type("g")  # selects gqvae
    page.type(TAB)
    page.type(" th")
    rows = "[...document.querySelectorAll('#rows tr')].map(r => r.children[1].textContent)"
    assert page.run(rows) == ["␣the"]


def test_nothing_is_wider_than_a_narrow_window(page: Browser) -> None:
    assert page.run("document.documentElement.scrollWidth <= window.innerWidth")


def test_dark_and_light_text_stands_out(page: Browser) -> None:
    # Contrast by WCAG 2 of the ink on every tint, in both colour schemes.
    script = """(() => {
      const root = getComputedStyle(document.documentElement), value = (name) => root.getPropertyValue(name).trim();
      const light = (hex) => { const [r, g, b] = [1, 3, 5].map((i) => { const c = parseInt(hex.slice(i, i + 2), 16) / 255;
        return c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4; }); return 0.2126 * r + 0.7152 * g + 0.0722 * b; };
      return ['--paper', '--a', '--b', '--c', '--d'].map((name) => {
        const [low, high] = [light(value('--ink')), light(value(name))].sort((x, y) => x - y); return (high + 0.05) / (low + 0.05); });
    })()"""
    for scheme in ("light", "dark"):
        page._send("/goog/cdp/execute", {
            "cmd": "Emulation.setEmulatedMedia", "params": {"features": [{"name": "prefers-color-scheme", "value": scheme}]},
        })  # fmt: skip
        assert min(page.run(script)) > 4.5, scheme
