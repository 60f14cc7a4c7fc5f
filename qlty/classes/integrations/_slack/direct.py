"""Slack's clients, made to send to the host that is set and to no other; see ``_http``.

The SDK has no setting for that: it follows redirects with the token, and takes a proxy from the
environment also for this machine. What is replaced here opens one address and reads the answer.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

from qlty.classes.integrations._http import opener
from qlty.errors import Refused

if TYPE_CHECKING:
    from urllib.request import Request

    from slack_sdk import WebClient
    from slack_sdk.webhook import WebhookClient


@lru_cache
def web_client() -> type[WebClient]:
    """Return the class of the Web API's client; importing it takes a while."""
    from slack_sdk import WebClient
    from slack_sdk.web.file_upload_v2_result import FileUploadV2Result

    class Direct(WebClient):
        def _perform_urllib_http_request_internal(self, url: str, req: Request) -> dict[str, Any]:
            return _exchange(self, url, req)

        def _upload_file(self, *, url: str, data: bytes, **_: Any) -> FileUploadV2Result:
            from urllib.request import Request

            answer = _exchange(self, url, Request(url, data, method="POST"))  # noqa: S310
            return FileUploadV2Result(status=answer["status"], body=answer["body"])

    return Direct


@lru_cache
def webhook_client() -> type[WebhookClient]:
    """Return the class of the client of incoming webhooks."""
    from slack_sdk.webhook import WebhookClient, WebhookResponse

    class Direct(WebhookClient):
        def _perform_http_request_internal(self, url: str, req: Request) -> WebhookResponse:
            answer = _exchange(self, url, req)
            return WebhookResponse(
                url=url,
                status_code=answer["status"],
                body=answer["body"],
                headers=answer["headers"],
            )

    return Direct


def _exchange(client: Any, url: str, request: Request) -> dict[str, Any]:
    if not url.lower().startswith("http"):
        # an address that an answer names; urllib would open files, too
        raise Refused(f"Slack named {url} to send to, which is no HTTP")
    with opener(url, client.proxy, client.ssl).open(request, timeout=client.timeout) as response:
        charset = response.headers.get_content_charset() or "utf-8"
        return {
            "status": response.status,
            "headers": response.headers,
            "body": response.read().decode(charset),
        }
