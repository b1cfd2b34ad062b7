"""What the daemon and the overlay say to each other.

This package owns the wire: message types (`messages`), the values in them (`values`, and of maps
`beatmaps`), the binary form (`codec`) and the version (`version`). It imports nothing of
`companion`. `schema.json` beside it and
`overlay/src/protocol.ts` are generated from the types by `scripts/generate_protocol_types.py`.
"""

from __future__ import annotations
