"""Batches told to programs: the part of the document of `openapi` that is theirs."""

from typing import Any

from web.handlers.api import batches, operations
from web.handlers.api.shapes import ID, Schema


def paths(key: Schema) -> dict[str, Any]:
    """`key` is the header Idempotency-Key."""
    batch_id = operations.in_path("batch_id", ID)
    return {
        "/api/v1/batch-previews": {
            "post": operations.operation(
                "previewBatch",
                "Who would get what, who would not and why; nothing is stored",
                "batches:read",
                {200: ("Numbers that sum, and the longest messages.", "BatchPreview")},
                operations.MALFORMED,
                body="BatchPreviewInput",
            )
        },
        "/api/v1/batches": {
            "post": operations.operation(
                "startBatch",
                "Send one wording to many, once for each Idempotency-Key",
                "batches:write",
                {202: ("Taken. The same answer for every request with the same key.", "BatchAccepted")},
                {**operations.MALFORMED, 400: "No Idempotency-Key, or no JSON.", 409: "The key was used before."},
                body="BatchInput",
                parameters=[key],
            )
        },
        "/api/v1/batches/{batch_id}": {
            "get": operations.operation(
                "showBatch",
                "How a batch goes: counts by state and by code",
                "batches:read",
                {200: ("The batch.", "Batch")},
                operations.MISSING,
                parameters=[batch_id],
            )
        },
        "/api/v1/batches/{batch_id}/recipients": {
            "get": operations.operation(
                "listRecipients",
                "The recipients of a batch",
                "batches:read",
                {200: ("A page.", "BatchRecipientPage")},
                {**operations.MISSING, 422: operations.MALFORMED[422]},
                parameters=[batch_id, *operations.in_query(batches.RECIPIENTS_QUERY)],
            )
        },
        "/api/v1/batches/{batch_id}/pause": {
            "post": _step("pauseBatch", "Hold a batch: nothing more begins", "It is not under way.", batch_id),
            "delete": _step("resumeBatch", "Let a paused batch go on", "It is not paused.", batch_id),
        },
        "/api/v1/batches/{batch_id}/stop": {
            "post": _step(
                "stopBatch", "End a batch: what has not left is cancelled", "It has not begun, or has ended.", batch_id
            )
        },
        "/api/v1/batches/{batch_id}/attempts": {
            "post": operations.operation(
                "retryBatch",
                "Try those again that failed, and no others",
                "batches:write",
                {200: ("How many, and the batch.", "BatchRetried")},
                operations.MISSING,
                parameters=[batch_id],
            )
        },
    }


def _step(name: str, summary: str, conflict: str, batch_id: Schema) -> dict[str, Any]:
    return operations.operation(
        name,
        summary,
        "batches:write",
        {200: ("The batch as it is now.", "Batch")},
        {**operations.MISSING, 409: conflict},
        parameters=[batch_id],
    )
