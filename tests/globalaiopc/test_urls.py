import logging

import pytest

from globalaiopc import MEDIA_BASE_URL, TEXT_BASE_URL, BadBaseURL, urls

HOST = "https://zcbservice.aizfw.cn"


@pytest.mark.parametrize(
    "pasted",
    [
        MEDIA_BASE_URL,
        MEDIA_BASE_URL + "/",
        MEDIA_BASE_URL + "///",
        f"  {MEDIA_BASE_URL}\n",
        MEDIA_BASE_URL + "/v1",
        MEDIA_BASE_URL + "/v2/",
        MEDIA_BASE_URL + "/v1/banana/images",
        MEDIA_BASE_URL + "/v1/result/{id}",
        MEDIA_BASE_URL + "/v2/model-center/tasks",
        MEDIA_BASE_URL + "/asset/seedance2/assetUpload",
        MEDIA_BASE_URL + "/kyyVideo2/asset/upload",
        MEDIA_BASE_URL + "/kyyReactApiServer",
        MEDIA_BASE_URL + "/kyyReactApiServer/v2/model-center/tasks",
        HOST + "//kyyReactApiServer//v1",
        HOST + "/kyyreactapiserver",
        HOST,
        HOST + "/",
        HOST + "/v1/sora/videos",
        "HTTPS://ZCBSERVICE.AIZFW.CN/kyyReactApiServer",
    ],
)
def test_a_pasted_media_base_is_normalised(pasted):
    assert urls.media_base(pasted) == MEDIA_BASE_URL


@pytest.mark.parametrize(
    "pasted",
    [
        TEXT_BASE_URL,
        TEXT_BASE_URL + "/v1",
        TEXT_BASE_URL + "/v1/chat/completions",
        TEXT_BASE_URL + "/chat/completions",
        TEXT_BASE_URL + "/v1/models/gemini-2.5-pro:generateContent",
        "http://apillm.globalaiopc.com",
        "http://apillm.globalaiopc.com/v1",
    ],
)
def test_a_pasted_text_base_is_normalised(pasted):
    assert urls.text_base(pasted) == TEXT_BASE_URL


@pytest.mark.parametrize(
    ("pasted", "base"),
    [
        ("http://127.0.0.1:8000/kyyReactApiServer/v1", "http://127.0.0.1:8000/kyyReactApiServer"),
        (
            "https://proxy.example/v1/kyyReactApiServer",
            "https://proxy.example/v1/kyyReactApiServer",
        ),
        ("https://proxy.example/media/v1/banana/images", "https://proxy.example/media"),
        ("https://proxy.example", "https://proxy.example"),
        ("http://[::1]:9/kyyReactApiServer", "http://[::1]:9/kyyReactApiServer"),
    ],
)
def test_other_hosts_keep_their_own_path(pasted, base):
    assert urls.media_base(pasted) == base


@pytest.mark.parametrize(
    ("pasted", "says"),
    [
        ("", "must start with"),
        ("zcbservice.aizfw.cn/kyyReactApiServer", "must start with"),
        ("ftp://host/x", "must start with"),
        ("https://", "not a web address"),
        ("https:///v1", "not a web address"),
        ("https://host:port/x", "not a web address"),
        ("https://host:99999/x", "not a web address"),
        ("https://ho st/x", "not a web address"),
        ("https://[::1/x", "not a web address"),
        ("https://user:hunter2@host/x", "user name"),
        ("https://host/x?token=hunter2", "query"),
        ("https://host/x#hunter2", "fragment"),
        (TEXT_BASE_URL, "other kind"),
    ],
)
def test_what_is_not_a_base_is_refused_without_echoing_it(pasted, says):
    with pytest.raises(BadBaseURL, match=says) as caught:
        urls.media_base(pasted)
    assert "media_base_url" in str(caught.value)
    assert "hunter2" not in str(caught.value)


def test_ids_are_opaque_and_quoted_whole():
    assert urls.result_path("a b/c?d#é%", "v1") == "/v1/result/a%20b%2Fc%3Fd%23%C3%A9%25"
    assert urls.result_path("mcp_1", "v2") == "/v2/model-center/tasks/mcp_1"


def test_plain_http_is_said_once_per_process(monkeypatch, caplog):
    monkeypatch.setattr(urls, "_warned", set())
    with caplog.at_level(logging.WARNING, "globalaiopc"):
        for base in ("http://127.0.0.1:1/x", "http://localhost/x", "http://[::1]/x"):
            urls.warn_if_plain(base)
        urls.warn_if_plain(MEDIA_BASE_URL)
        assert caplog.records == []
        urls.warn_if_plain(TEXT_BASE_URL)
        urls.warn_if_plain(TEXT_BASE_URL)
        urls.warn_if_plain("http://other.example")
    assert len(caplog.records) == 1
    assert "unencrypted" in caplog.text
    assert "GLOBALAIOPC_TEXT_BASE_URL" in caplog.text
