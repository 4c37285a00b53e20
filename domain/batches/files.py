"""The files that go along with a batch."""

from piccolo.columns import Integer
from piccolo.table import Table

from domain.attachments import Attachment
from domain.batches.tables import Batch
from domain.columns import key, parent
from domain.db import DB


class BatchAttachment(Table, db=DB, tablename="batch_attachment"):
    id = key()
    batch = parent(Batch)
    attachment = parent(Attachment, index=False)
    position = Integer(default=0)
