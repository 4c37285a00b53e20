"""A wrong value of the environment stops the start with a sentence that names it."""

from pathlib import Path

import pytest

from domain.settings import Bucket, WrongSetting, read


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
        ("LOTWIRE_CLAMD", "127.0.0.1:3310"),
        ("LOTWIRE_CLAMD", "tcp://scanner"),
        ("LOTWIRE_CLAMD", "tcp://scanner:70000"),
        ("LOTWIRE_CLAMD", "unix://clamd.sock"),
        ("LOTWIRE_CLAMD", "unix:///"),
        ("LOTWIRE_FILES_KEY", "a key without a bucket"),
        ("LOTWIRE_FILES_SECRET", "a secret without a bucket"),
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
        ("LOTWIRE_CLAMD", "tcp://scanner:3310"),
        ("LOTWIRE_CLAMD", "tcp://[::1]:3310"),
        ("LOTWIRE_CLAMD", "unix:///run/clamav/clamd.ctl"),
    ],
)
def test_a_right_value_is_taken(tmp_path: Path, name: str, value: str) -> None:
    field = name.removeprefix("LOTWIRE_").lower()
    assert getattr(read({"LOTWIRE_DATA_DIR": str(tmp_path), name: value}), field) == value.rstrip("/")


@pytest.mark.parametrize(
    ("url", "name", "prefix", "endpoint", "region"),
    [
        ("s3://harbor", "harbor", "", "https://s3.us-east-1.amazonaws.com", "us-east-1"),
        ("s3://harbor/?region=ca-central-1", "harbor", "", "https://s3.ca-central-1.amazonaws.com", "ca-central-1"),
        ("s3://a.b_C/x/y/?endpoint=http://minio:9000/", "a.b_C", "x/y", "http://minio:9000", "us-east-1"),
        ("s3://harbor?endpoint=http://[::1]:9000&region=auto", "harbor", "", "http://[::1]:9000", "auto"),
    ],
)
def test_a_bucket_is_read_out_of_its_url(
    tmp_path: Path, url: str, name: str, prefix: str, endpoint: str, region: str
) -> None:
    found = read({"LOTWIRE_DATA_DIR": str(tmp_path), **bucket(url)})
    assert found.bucket == Bucket(name, prefix, endpoint, region, "the key", "the secret")
    assert "the key" not in repr(found)
    assert "the secret" not in repr(found)


@pytest.mark.parametrize(
    "url",
    [
        "https://s3.amazonaws.com/harbor",
        "s3://",
        "s3://ab",
        "s3://key:hidden@harbor",
        "s3://harbor/../other",
        "s3://harbor//twice",
        "s3://harbor/a b",
        "s3://harbor#part",
        "s3://harbor?endpoint=minio:9000",
        "s3://harbor?endpoint=https://minio/path",
        "s3://harbor?endpoint=https://key:hidden@minio",
        "s3://harbor?endpoint=https://minio:99999",
        "s3://harbor?region=here%20there",
        "s3://harbor?zone=x",
        "s3://harbor?region",
    ],
)
def test_a_wrong_bucket_is_named_without_what_must_stay_hidden(tmp_path: Path, url: str) -> None:
    with pytest.raises(WrongSetting, match=r"^LOTWIRE_FILES_URL is ") as stopped:
        read({"LOTWIRE_DATA_DIR": str(tmp_path), **bucket(url)})
    assert str(stopped.value).endswith(".")
    assert "hidden" not in str(stopped.value)


@pytest.mark.parametrize("name", ["LOTWIRE_FILES_KEY", "LOTWIRE_FILES_SECRET"])
def test_a_bucket_needs_its_key_and_its_secret(tmp_path: Path, name: str) -> None:
    with pytest.raises(WrongSetting, match=f"^{name} is empty"):
        read({"LOTWIRE_DATA_DIR": str(tmp_path), **bucket("s3://harbor"), name: ""})


def bucket(url: str) -> dict[str, str]:
    return {"LOTWIRE_FILES_URL": url, "LOTWIRE_FILES_KEY": "the key", "LOTWIRE_FILES_SECRET": "the secret"}


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
