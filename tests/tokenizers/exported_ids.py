"""Prints the ids that another library gives: `exported_ids.py FOLDER < texts.json`, run with that library on the path."""

from __future__ import annotations

import base64
import json
import sys
from pathlib import Path

folder = Path(sys.argv[1])
texts = json.load(sys.stdin)
if (folder / "tiktoken.json").exists():
    import tiktoken

    lines = (line.split() for line in (folder / "ranks.tiktoken").read_text().splitlines())
    ranks = {base64.b64decode(token): int(rank) for token, rank in lines}
    encoding = tiktoken.Encoding(**json.loads((folder / "tiktoken.json").read_text()), mergeable_ranks=ranks)
    assert all(encoding.decode(encoding.encode_ordinary(text)) == text for text in texts)
    print(json.dumps([encoding.encode_ordinary(text) for text in texts]))
else:
    from tokenizers import Tokenizer

    loaded = Tokenizer.from_file(str(folder / "tokenizer.json"))
    ids = [list(loaded.encode(text).ids) for text in texts]
    assert [loaded.decode(row) for row in ids] == texts
    print(json.dumps(ids))
