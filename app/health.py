"""/livez, /readyz and /metrics: for load balancers, supervisors and Prometheus."""

import hmac
from dataclasses import dataclass

from flask import Blueprint, Response, current_app, jsonify, request
from flask.typing import ResponseReturnValue
from prometheus_client import CollectorRegistry
from prometheus_client.exposition import choose_encoder

from app import loopback
from app.calls.readiness import Readiness

health = Blueprint("health", __name__)


@dataclass(frozen=True, slots=True)
class Ward:
    """What the routes work with; the factory puts it at ``app.extensions["health"]``.

    Whoever sits at this machine may read the metrics (see ``loopback``), others with ``token`` unless that is "".
    """

    registry: CollectorRegistry
    private: bool
    token: str
    readiness: Readiness


@health.get("/livez")
def livez() -> Response:
    """Say that this process answers."""
    return _text("ok\n", 200)


@health.get("/readyz")
def readyz() -> ResponseReturnValue:
    """Say whether calls can be taken and dialled now: 200, or 503 with the reasons; and what is set up wrong."""
    readiness = _ward().readiness
    reasons = readiness.reasons()
    return jsonify(ready=not reasons, reasons=reasons, warnings=readiness.warnings()), 503 if reasons else 200


@health.get("/metrics")
def metrics() -> Response:
    """Give the metrics in Prometheus' text format, or in OpenMetrics' to those who ask for that."""
    ward = _ward()
    if not (loopback.holds(ward.private, dict(request.headers)) or _has_token(ward.token)):
        refused = _text("the metrics ask for Authorization: Bearer and RINGBACK_METRICS_TOKEN\n", 401)
        refused.headers["WWW-Authenticate"] = "Bearer"
        return refused
    encode, content_type = choose_encoder(request.headers.get("Accept", ""))
    return Response(encode(ward.registry), content_type=content_type)


def _has_token(token: str) -> bool:
    sent = request.headers.get("Authorization", "").encode()
    return bool(token) and hmac.compare_digest(sent, f"Bearer {token}".encode())


def _text(text: str, status: int) -> Response:
    return Response(text, status, content_type="text/plain; charset=utf-8")


def _ward() -> Ward:
    ward: Ward = current_app.extensions["health"]
    return ward
