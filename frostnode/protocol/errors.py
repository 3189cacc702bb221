"""The tree of everything that can go wrong, and the registry of its codes (spec/08-errors.md).

    FrostError
    ├── LocalError        ours: the user's input, the home, what was asked for does not exist
    ├── PeerError         theirs: bytes that a peer, a file or a publisher made are not what the spec says
    │   ├── EncodingError     CBOR, JSON, text forms
    │   ├── NameError_        DIDs, DID URLs, types, keys
    │   ├── SignatureError    keys and signatures
    │   ├── IdentityError     identity events and their tree
    │   ├── RecordError       headers, bodies, records
    │   ├── TreeError         Merkle roots and proofs
    │   ├── LogError          notes, checkpoints, tiles, bundles, epochs
    │   └── FrameError        the sync stream
    ├── TransportError    the wire: refused, timed out, too large, a status that is no answer
    └── StorageError      the disk: full, damaged, contended

A code is stable, lower case, `area.reason`; the message names what was being done and both values.
No exception outside this tree may leave a parser.
"""

from typing import Final


class FrostError(Exception):
    """One failure with a stable code, both values where two were compared, and what to do."""

    def __init__(
        self,
        code: str,
        message: str,
        *,
        found: object = None,
        expected: object = None,
        hint: str = "",
    ) -> None:
        if code not in CODES:
            raise AssertionError(f"error code {code!r} is not in the registry")
        super().__init__(message)
        self.code = code
        self.message = message
        self.found = found
        self.expected = expected
        self.hint = hint

    def __str__(self) -> str:
        """One line: what failed, both values, what to do."""
        text = self.message
        if self.found is not None or self.expected is not None:
            text += f": found {brief(self.found)}, expected {brief(self.expected)}"
        return f"{text} ({self.hint})" if self.hint else text


def brief(value: object) -> str:
    """Show a value in at most 100 characters: bytes as hex, what cannot be printed as U+FFFD."""
    text = value.hex() if isinstance(value, bytes) else str(value)
    if len(text) > 100:
        text = f"{text[:97]}..."
    return "".join(char if char.isprintable() else "\ufffd" for char in text)


class LocalError(FrostError):
    """Our side: what the user gave or asked for, or the state of this home."""


class PeerError(FrostError):
    """Their side: the bytes are not what the specification says."""


class EncodingError(PeerError):
    """Not canonical DAG-CBOR, not a lossless JSON form, too large or too deep."""


class NameError_(PeerError):  # noqa: N801 - the built-in of that name means something else
    """Not a DID, DID URL, record type or record key."""


class SignatureError(PeerError):
    """A key that the strict Ed25519 rule refuses, or a signature that does not verify."""


class IdentityError(PeerError):
    """An identity event that its ancestors do not allow."""


class RecordError(PeerError):
    """A header, body or record that breaks the rules of its format."""


class TreeError(PeerError):
    """A Merkle proof or root that does not hold."""


class LogError(PeerError):
    """A note, checkpoint, tile or bundle that is malformed, or an epoch that does not allow it."""


class FrameError(PeerError):
    """A sync frame that is malformed, too large or out of order."""


class TransportError(FrostError):
    """The wire failed before there was anything to judge."""


class StorageError(FrostError):
    """The disk failed, or holds what it must not hold."""


CODES: Final[dict[str, str]] = {
    "encoding.not-canonical": "the bytes are not canonical DAG-CBOR",
    "encoding.too-large": "more bytes than the limit of the format",
    "encoding.too-deep": "nested deeper than the limit",
    "encoding.float": "a floating-point number where the format allows none",
    "encoding.json": "not a lossless JSON form of a DAG-CBOR value",
    "encoding.text": "text that is not in the stated encoding",
    "name.did": "not a did:frost DID",
    "name.did-url": "not a DID URL of a record",
    "name.type": "not a record type",
    "name.key": "not a record key",
    "name.handle": "not a domain that can be a handle",
    "name.identifier": "not an identifier of any known form",
    "name.origin": "not the origin of an epoch's log",
    "name.cid": "not a CIDv1, dag-cbor, sha2-256 in base32",
    "key.malformed": "not a public key in the stated encoding",
    "key.refused": "a public key of low order or in a non-canonical encoding",
    "signature.invalid": "the signature does not verify under the strict rule",
    "identity.malformed": "not an identity event",
    "identity.too-large": "an identity event above its size limit",
    "identity.too-long": "more events on one path than the limit",
    "identity.predecessor": "the event does not fit the predecessor that it names",
    "identity.keys": "the revealed keys are not those that were committed to",
    "identity.threshold": "a threshold that its commitment does not allow, or too few keys",
    "identity.recovery": "a recovery set where none may be, or none where one must be",
    "identity.end": "the end of the predecessor's epoch is missing, or set where none may be",
    "identity.epoch": "the epoch that the event must open is missing or malformed",
    "identity.unknown": "the event or history is not known here",
    "header.malformed": "a leaf that is not a header",
    "header.too-large": "a leaf above its size limit",
    "body.hash": "the bytes are not those that the header names",
    "body.malformed": "the body is not a record of its type",
    "body.too-large": "a body above its size limit",
    "record.field": "a field of the record is missing or malformed",
    "lineage.cycle": "a version would come from itself",
    "tree.proof": "a Merkle proof that does not lead to the root",
    "tree.root": "the entries do not hash to the signed root",
    "tree.size": "a tree size or index out of range",
    "note.malformed": "not a signed note",
    "note.signature": "the note is not signed by the key that must sign it",
    "checkpoint.malformed": "not a checkpoint",
    "checkpoint.origin": "the checkpoint is of another log",
    "checkpoint.fork": "two signed trees of one epoch of which neither extends the other",
    "witness.malformed": "not a request to cosign a checkpoint",
    "witness.unknown": "this witness does not cosign the log",
    "witness.signature": "the checkpoint is not signed by the key of its log",
    "witness.conflict": "the old size is not the one that this witness cosigned last",
    "witness.ahead": "this witness does not hold the tree that it shall cosign",
    "witness.early": "this witness has cosigned the log a moment ago",
    "quorum.malformed": "not a policy file",
    "quorum.unmet": "the checkpoint is not vouched for as the policy demands",
    "tile.malformed": "not the tile or entry bundle that the path names",
    "tile.path": "not the path of a tile or entry bundle",
    "epoch.unknown": "no identity event that counts opened this epoch",
    "epoch.ended": "the entry lies beyond the end of its epoch",
    "epoch.frozen": "the epoch takes nothing until an identity event settles a dispute",
    "frame.malformed": "not a frame of the sync stream",
    "frame.too-large": "a frame above its size limit",
    "frame.order": "a frame that may not come here",
    "cursor.malformed": "not a cursor",
    "cursor.unknown": "a cursor that this node did not hand out",
    "proof.malformed": "not a record-with-proof file",
    "proof.mismatch": "the parts of the file do not belong together",
    "archive.malformed": "not an archive of a publisher, or a damaged one",
    "archive.truncated": "the archive ends before its last block",
    "archive.order": "a part of an archive that may not come here",
    "archive.changed": "what is exported has become another meanwhile",
    "evidence.malformed": "not evidence that an epoch was signed two ways",
    "evidence.none": "the two checkpoints do not contradict each other",
    "heads.malformed": "not a page of heads",
    "request.malformed": "not signed in the way that node-to-node requests are",
    "request.signature": "the signature does not cover this request",
    "request.time": "signed too long ago, for too long, or in the future",
    "request.replayed": "the same signed request came before",
    "request.too-large": "more bytes than the limit of the request",
    "request.too-slow": "the request did not come in time",
    "offer.malformed": "not an offer, a lease, or an answer to one",
    "offer.closed": "this node takes no offers",
    "offer.slot": "the slot is lost, used up, or was never given",
    "lease.address": "an address that this node does not go to when strangers name it",
    "lease.node": "the node at the address is another one",
    "home.missing": "there is no node in this home",
    "home.exists": "there is a node in this home already",
    "home.copied": "this home may not be the only one of its kind",
    "home.busy": "another process works on this home",
    "home.address": "this node cannot listen at the address",
    "home.answer": "the running node did not answer as expected",
    "handle.malformed": "the domain does not name publishers in the stated form",
    "kit.passphrase": "the passphrase does not open the kit",
    "kit.malformed": "not a kit file",
    "kit.words": "not the words of a kit",
    "kit.mismatch": "the kit does not fit the identity history",
    "draft.malformed": "not a draft of an identity event",
    "draft.changed": "what was signed is not what the draft says now",
    "draft.whole": "the draft has all the keys that it needs",
    "draft.unsigned": "signatures are missing in the draft",
    "draft.conflict": "the kit has signed another event for the same place",
    "usage": "the command was not understood",
    "output.exists": "there is something in the place of what is to be written",
    "input.unreadable": "the file cannot be read as what it should be",
    "record.not-found": "no such record here",
    "record.withdrawn": "its publisher has withdrawn the record",
    "record.unreached": "the entry is known, its content has come from nobody yet",
    "record.withheld": "this node withholds the content",
    "record.absent": "the content is not here yet",
    "publisher.not-hosted": "this home does not hold the log key of the publisher",
    "publisher.unknown": "this node does not carry the publisher",
    "peer.unknown": "this home does not follow the peer or publisher",
    "policy.denied": "this node denies the publisher",
    "policy.not-followed": "this node carries only publishers that it follows",
    "policy.quota": "no more is taken of the publisher",
    "policy.share": "no more is taken from the peer of publishers for whom nobody vouches",
    "policy.peer": "no more is taken from the peer in this day",
    "policy.type": "content of this type of record is not taken",
    "policy.many": "more publishers are refused than are remembered one by one",
    "query.malformed": "the search query was not understood",
    "record.changed": "the record is not the one any more that the request was made for",
    "token.missing": "writing and what is the owner's needs a token",
    "token.invalid": "the token is unknown, expired or revoked",
    "token.scope": "the token is not good for this",
    "link.invalid": "the link to sign in was used, has expired, or never was",
    "session.missing": "editing needs somebody who is signed in",
    "form.foreign": "the form was not sent from a page of this node that is still good",
    "draft.too-large": "the draft is larger than a draft may be",
    "request.method": "this path does not know the method",
    "request.media-type": "the body is of a media type that is not taken here",
    "request.rate": "more requests than one client may make in this time",
    "idempotency.reused": "the key was used for another request",
    "idempotency.busy": "a request of this key is under way",
    "owner.unknown": "what is shown to the owner of the home alone",
    "queue.full": "more work is waiting than the limit allows",
    "signer.conflict": "the signer has signed another tree of this log",
    "transport.unreachable": "the peer cannot be reached",
    "transport.timeout": "the peer did not answer in time",
    "transport.closed": "the peer closed before all was said",
    "transport.status": "the peer answered with a status that is no answer",
    "transport.budget": "the peer has sent too much that brought nothing",
    "transport.too-large": "the peer sent more than was asked for",
    "storage.damaged": "what is stored is not what was written",
    "storage.failed": "the disk refused to read or write",
    "storage.conflict": "the stored head is not the one that the write was based on",
    "storage.version": "the home was written by a newer version",
}
