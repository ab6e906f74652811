"""The command ``export --gguf``: one file more in the folder, or one line that says why not."""

import sys

import pytest

from moe_lesson.__main__ import main
from moe_lesson.checkpoints.shipped import FOLDER


def test_the_command_writes_it_beside_the_folder(tmp_path, capsys):
    gguf = pytest.importorskip("gguf", reason='needs the extra "export"')
    asked = ["export", "--model", str(FOLDER / "small"), "--out", str(tmp_path / "out")]
    assert main([*asked, "--dtype", "bfloat16", "--gguf"]) == 0
    assert "llama.cpp opens it" in capsys.readouterr().out
    reader = gguf.GGUFReader(tmp_path / "out" / "model.gguf")
    assert reader.get_tensor(0).tensor_type.name == "BF16"
    assert main([*asked, "--overwrite"]) == 0
    assert not (tmp_path / "out" / "model.gguf").exists()


def test_somebodys_file_is_not_written_over(tmp_path, capsys):
    (tmp_path / "model.gguf").write_text("theirs")
    assert main(["export", "--out", str(tmp_path)]) == 2
    assert "holds model.gguf, of a model or a run" in capsys.readouterr().err
    assert (tmp_path / "model.gguf").read_text() == "theirs"


def test_the_extra_is_named_where_it_is_absent(tmp_path, capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "gguf", None)
    assert main(["export", "--out", str(tmp_path / "out"), "--gguf"]) == 2
    assert 'needs the package gguf: pip install -e ".[export]"' in capsys.readouterr().err
    assert not list((tmp_path / "out").iterdir())
