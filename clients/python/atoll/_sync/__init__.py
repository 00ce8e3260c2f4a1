"""The client without asyncio; made from `_async`, but for `io`."""
