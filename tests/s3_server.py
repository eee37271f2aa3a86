"""A real S3 server over HTTP in a thread (moto's), which can be told to answer wrongly after it has done its work."""

from __future__ import annotations

import json
import threading
import time
import urllib.request
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, contextmanager
from typing import Any

import boto3
from botocore.config import Config
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from pydantic import SecretStr
from werkzeug.serving import WSGIRequestHandler, make_server

from platforms.object_storage import ObjectStorage, s3_storage

BUCKET = "pictures"
KEY_ID, SECRET = "key-of-a-test", "secret-of-a-test"
StartResponse = Callable[..., Any]


class _Quiet(WSGIRequestHandler):
    """Writes no access log."""

    def log(self, type: str, message: str, *args: Any) -> None:
        """Nothing."""


class S3Server:
    """The server. `fails` answers that many writes with 500 after they took effect; `hangs` lets them wait so long."""

    def __init__(self) -> None:
        self._app = DomainDispatcherApplication(create_backend_app)
        self.fails = 0
        self.hangs: list[float] = []
        self.writes = 0
        self._server = make_server("127.0.0.1", 0, self._answer, threaded=True, request_handler=_Quiet)
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def _answer(self, environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        if environ["REQUEST_METHOD"] != "PUT" or environ["PATH_INFO"].count("/") < 2:
            return self._app(environ, start_response)  # type: ignore[no-any-return]
        self.writes += 1
        status: list[Any] = []
        body = list(self._app(environ, lambda *given: status.append(given)))
        if self.hangs:
            time.sleep(self.hangs.pop(0))
        if self.fails:
            self.fails -= 1
            start_response("500 Internal Server Error", [("content-length", "0")])
            return [b""]
        start_response(*status[0])
        return body

    def client(self) -> Any:
        """boto3's client, to look at the bucket from outside."""
        return boto3.client(
            "s3",
            endpoint_url=self.url,
            aws_access_key_id=KEY_ID,
            aws_secret_access_key=SECRET,
            region_name="us-east-1",
            config=Config(s3={"addressing_style": "path"}),
        )

    def keys(self) -> set[str]:
        """What is in the bucket."""
        return {entry["Key"] for entry in self.client().list_objects_v2(Bucket=BUCKET).get("Contents", [])}

    def storage(self, *, bucket: str = BUCKET, timeout_seconds: float = 5.0) -> ObjectStorage:
        """Our own client on it."""
        return s3_storage(
            endpoint_url=self.url,
            bucket=bucket,
            access_key_id=SecretStr(KEY_ID),
            secret_access_key=SecretStr(SECRET),
            public_url=f"{self.url}/{bucket}",
            timeout_seconds=timeout_seconds,
        )

    def serve(self) -> None:
        """Until it is shut down."""
        self._server.serve_forever(poll_interval=0.05)

    def stop(self) -> None:
        """Let the port go."""
        self._server.shutdown()
        self._server.server_close()


@contextmanager
def running_s3() -> Iterator[S3Server]:
    """A server with one bucket, whose files everybody may read."""
    server = S3Server()
    thread = threading.Thread(target=server.serve, daemon=True)
    thread.start()
    try:
        urllib.request.urlopen(urllib.request.Request(f"{server.url}/moto-api/reset", method="POST")).close()
        everything = f"arn:aws:s3:::{BUCKET}/*"
        statement = {"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": everything}
        policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        with closing(server.client()) as client:
            client.create_bucket(Bucket=BUCKET)
            client.put_bucket_policy(Bucket=BUCKET, Policy=policy)
        yield server
    finally:
        server.stop()
        thread.join(5)
