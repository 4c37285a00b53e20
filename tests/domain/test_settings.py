"""A wrong value of the environment stops the start with a sentence that names it."""

from pathlib import Path

import pytest

from domain.settings import WrongSetting, read


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("LOTWIRE_TRUSTED_PROXIES", "proxy.example"),
        ("LOTWIRE_TRUSTED_PROXIES", "10.0.0.1, 10.0.0.0/99"),
        ("LOTWIRE_PUBLIC_URL", "lotwire.example.com"),
        ("LOTWIRE_PUBLIC_URL", "https://example.com/lotwire"),
        ("LOTWIRE_PUBLIC_URL", "https://example.com?x"),
        ("LOTWIRE_MAIL_FROM", "nobody"),
        ("LOTWIRE_SECRET_KEY", "short"),
        ("LOTWIRE_LOG", "xml"),
        ("LOTWIRE_DATABASE_URL", "mysql://x"),
        ("LOTWIRE_CLOCK", "5"),
    ],
)
def test_a_wrong_value_is_named(tmp_path: Path, name: str, value: str) -> None:
    with pytest.raises(WrongSetting, match=f"^{name} ") as stopped:
        read({"LOTWIRE_DATA_DIR": str(tmp_path), name: value})
    assert str(stopped.value).endswith(".")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("LOTWIRE_TRUSTED_PROXIES", "127.0.0.1, 10.0.0.0/8 ::1"),
        ("LOTWIRE_PUBLIC_URL", "https://lotwire.example.com:8443/"),
        ("LOTWIRE_MAIL_FROM", "Lotwire <lotwire@example.com>"),
    ],
)
def test_a_right_value_is_taken(tmp_path: Path, name: str, value: str) -> None:
    field = name.removeprefix("LOTWIRE_").lower()
    assert getattr(read({"LOTWIRE_DATA_DIR": str(tmp_path), name: value}), field) == value.rstrip("/")


def test_the_key_is_made_once_and_only_its_owner_reads_it(tmp_path: Path) -> None:
    key = read({"LOTWIRE_DATA_DIR": str(tmp_path)}).secret_key
    assert len(key) == 64
    assert (tmp_path / "secret-key").stat().st_mode & 0o777 == 0o600
    assert read({"LOTWIRE_DATA_DIR": str(tmp_path)}).secret_key == key


@pytest.mark.parametrize("content", [b"", b"\n", b"short", b"\xc0\xff" * 40])
def test_a_damaged_key_stops_the_start_and_is_left_as_it_is(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "secret-key").write_bytes(content)
    with pytest.raises(WrongSetting, match="secret-key is damaged"):
        read({"LOTWIRE_DATA_DIR": str(tmp_path)})
    assert (tmp_path / "secret-key").read_bytes() == content
