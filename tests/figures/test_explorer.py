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
from gqvae.tokenizers.counted import trainer
from gqvae.tokenizers.learned import LearnedTokenizer
from gqvae.tokenizers.network_files import NetworkFile
from gqvae.vocabularies.segmentation import fewest_tokens, string_ids

TYPED = "It's <|endoftext|> the  fox’s naïve 漢字 42!\n\n</script> unbelievable 🙂"

OWN = "gated, for tests, V = 264"  # kind and size of the tokenizer that is in no study's folder


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
def arms(stories: Path) -> dict[str, Tokenizer]:
    counts = count_pretokens([stories.read_bytes(), PASSAGE.encode()])
    return {
        "results/my_study/tokenizers/bytes/v257": BytesTokenizer(),
        "results/my_study/tokenizers/bpe/v500": train_bpe(counts, 500),
        "mine": Gated(),
        "unigram/v500": trainer("unigram", {})(counts, [500])[500],
        "dictionary_3/v500": trainer("dictionary", {"chunk_bytes": 3})(counts, [500])[500],
    }


def in_order(arms: dict[str, Tokenizer]) -> list[Tokenizer]:
    """As the page shows them, without single bytes."""
    return [one for tokenizer in arms.values() if tokenizer.kind != "bytes" for one in tokenizer.encoders()]


def data_of(page: str) -> dict[str, Any]:
    data: dict[str, Any] = json.loads(page.partition('id="data">')[2].partition("</script>")[0])
    return data


def test_the_page_stands_alone_and_names_arms_as_figures_do(arms: dict[str, Tokenizer]) -> None:
    page = explorer_page(arms, TYPED)
    assert "http:" not in page and "https:" not in page and page.count("</script>") == 2
    data = data_of(page)
    assert data["passage"] == TYPED
    sizes = [one.vocab_size for name, one in arms.items() if name.endswith("v500")]
    assert [(arm["title"], arm["how"], arm["hidden"]) for arm in data["arms"]] == [
        (f"BPE, V = {sizes[0]}", "merges", False),
        (f"mine ({OWN}), split at its gates", "fixed", False),
        (f"mine ({OWN}), fewest tokens", "fewest", False),
        (f"unigram, V = {sizes[1]}", "probable", False),
        (f"dictionary, 3, V = {sizes[2]}", "chunks", False),
        ("bytes, V = 257", "fewest", True),
    ]


def test_only_gates_need_a_network(arms: dict[str, Tokenizer]) -> None:
    why = {arm["title"]: arm["why"] for arm in data_of(explorer_page(arms))["arms"] if arm["why"]}
    assert why == {f"mine ({OWN}), split at its gates": "its gates need their network, which is not in this page"}


def test_learned_gates_come_first(arms: dict[str, Tokenizer]) -> None:
    bpe = arms["results/my_study/tokenizers/bpe/v500"]
    fixed, learned = (
        LearnedTokenizer([text], [], NetworkFile({"chunk_bytes": n}, Path("none"))) for n, text in ((3, b"he"), (None, b"the"))
    )
    borrowed = learned.with_encoder("distilled")
    arms = {
        "x/bpe/v300": bpe,
        "fixed-s0/v280": fixed,
        "gqvae-s1/v280": learned,
        "gqvae_distilled-s1/v280": borrowed,
    }
    page = explorer_page(arms, "")
    assert [arm["title"] for arm in data_of(page)["arms"]] == [
        "GQ-VAE, seed 1, V = 258, split at its gates",
        "GQ-VAE, seed 1, V = 258, fewest tokens",
        f"BPE, V = {bpe.vocab_size}",
        "fixed length, V = 258, split at its gates",
        "fixed length, V = 258, fewest tokens",
    ]


class Browser:
    """Headless Chromium through the W3C WebDriver protocol."""

    def __init__(self, driver: str) -> None:
        with socket.socket() as found:
            found.bind(("127.0.0.1", 0))
            port = found.getsockname()[1]
        self.process = subprocess.Popen([driver, f"--port={port}"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.url = f"http://127.0.0.1:{port}"
        arguments = ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--window-size=420,5000"]
        chrome = {"binary": shutil.which("chromium"), "args": arguments}
        options = {"capabilities": {"alwaysMatch": {"goog:chromeOptions": chrome}}}
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

    def pause(self) -> None:
        """Until the page has drawn what was typed."""
        waited = "const done = arguments[0]; setTimeout(() => requestAnimationFrame(() => setTimeout(done)), PAUSE + 50)"
        self._send("/execute/async", {"script": waited, "args": []})

    def close(self) -> None:
        urllib.request.urlopen(urllib.request.Request(self.url, method="DELETE"), timeout=60).close()  # ends Chromium
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


IDS = "[...document.querySelectorAll('section:not([hidden])')].map(s => [...s.querySelectorAll('[data-id]')].map(t => +t.dataset.id))"
TAB = "\ue004"


def test_the_first_passage_is_cut_as_python_cuts_it(page: Browser, arms: dict[str, Tokenizer]) -> None:
    expected = [one.encode(PASSAGE) for one in in_order(arms)]
    assert page.run(IDS) == expected
    counts = page.run("[...document.querySelectorAll('section:not([hidden]) p')].map(p => parseInt(p.textContent))")
    assert counts == list(map(len, expected))


def test_text_typed_with_the_keyboard_alone_is_cut_as_python_cuts_it(page: Browser, arms: dict[str, Tokenizer]) -> None:
    page.type(TAB)  # the first stop is the box
    assert page.run("document.activeElement.id") == "text"
    page.run("document.activeElement.select()")
    page.type(TYPED)
    assert page.run("document.getElementById('text').value") == TYPED
    page.pause()
    assert page.run(IDS) == [[] if one.encoder == "neural" else one.encode(TYPED) for one in in_order(arms)]
    assert "gates need their network" in page.run("document.querySelectorAll('section')[1].textContent")


def test_bytes_are_shown_when_they_are_ticked(page: Browser, arms: dict[str, Tokenizer]) -> None:
    page.run("[...document.querySelectorAll('fieldset input')].at(-1).click()")
    assert page.run(IDS)[-1] == list(PASSAGE.encode())
    page.run("document.querySelector('fieldset input').click()")
    assert page.run(IDS)[0] == arms["mine"].encoders()[0].encode(PASSAGE)


def test_keys_draw_once_they_pause_and_only_what_fits(page: Browser, arms: dict[str, Tokenizer]) -> None:
    text = (PASSAGE + " ") * 60
    before = page.run(IDS)
    page.run(f"(box.value = {json.dumps(text)}, box.dispatchEvent(new Event('input')))")
    assert page.run(IDS) == before
    page.pause()
    bpe = next(tokenizer for tokenizer in arms.values() if tokenizer.kind == "bpe").encode(text)
    cards = page.run(IDS)
    assert all(len(ids) <= 250 for ids in cards) and cards[0] == bpe[:250] and len(bpe) > 500
    counts = page.run("[...document.querySelectorAll('section:not([hidden]) p')].map(p => parseInt(p.textContent))")
    assert counts[0] == len(bpe)  # of the whole text
    page.run("(l => l.scrollTop = l.scrollHeight)(document.querySelector('.tokens'))")
    page.pause()
    assert page.run(IDS)[0] == bpe[:500]


def test_numbers_stand_below_their_tokens(page: Browser) -> None:
    numbered = page.run("[...document.querySelector('.tokens').querySelectorAll('[data-id]')].map(t => t.dataset.number ?? null)")
    assert numbered[:10] == [None, None, None, None, "5", None, None, None, None, "10"]
    style = page.run("(s => [s.position, s.top])(getComputedStyle(document.querySelector('[data-number]'), '::after'))")
    height = page.run("document.querySelector('[data-number]').getBoundingClientRect().height")
    assert style == ["absolute", f"{height:g}px"]


def test_longer_texts_and_words_are_cut_as_python_cuts_them(page: Browser, arms: dict[str, Tokenizer], stories: Path) -> None:
    for text in (stories.read_text(encoding="utf-8")[:6000], "butterfliesaafraidbeareverydayyyy" * 30):
        page.run(f"(box.value = {json.dumps(text)}, draw())")
        found = page.run("data.arms.filter(arm => arm.tick.checked).map(arm => arm.now)")
        assert found == [None if one.encoder == "neural" else one.encode(text) for one in in_order(arms)]


def test_line_ends_are_those_of_the_box(browser: Browser, arms: dict[str, Tokenizer], tmp_path: Path) -> None:
    (tmp_path / "page.html").write_text(explorer_page(arms, "the fox\r\nis able\r"), encoding="utf-8")
    browser.open(tmp_path / "page.html")
    assert browser.run(IDS) == [one.encode("the fox\nis able\n") for one in in_order(arms)]


def test_a_large_vocabulary_is_shown(browser: Browser, tmp_path: Path) -> None:
    large = BytesTokenizer()
    large.token_bytes += [str(number).encode() for number in range(1000, 200_000)]
    (tmp_path / "page.html").write_text(explorer_page({"large": large}, "7 frogs"), encoding="utf-8")
    browser.open(tmp_path / "page.html")
    assert browser.run("document.querySelectorAll('section').length") == 1


def test_the_vocabulary_is_searched_with_the_keyboard_alone(page: Browser) -> None:
    while page.run("document.activeElement.id") != "arm":
        page.type(TAB)
    page.type("m")  # selects mine
    page.type(TAB)
    page.type(" th")
    page.pause()
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
