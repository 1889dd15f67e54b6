-- A request is one text, so that accepting it is one command: a head of fixed size, then its names (fingerprint, owner and webhook
-- as submitted), then its content (payload; in its place the answer; else nothing), then the error. record-bytes.ts reads and writes
-- the same. Numbers that are not there are 0. `size` and the like are bytes; `streamHead` is the sequence of the running stream's
-- head, `streamLast` the last one used.
--
-- Times are by Redis' clock, but the text is stored as its sidecar made it. Until its first claim its `seq` is 0: that is its score in
-- the line, which is no less than the time of its acceptance in thousandths of a ms. So `created` is 0 until then, and `deadline` the
-- time it has from acceptance.
-- Under a lease what holds is head and names in `running`: one command for a whole claim, and the content is not touched. When an
-- answer came its sidecar knows from when it was claimed.
-- Why so: Lua hashes each text it is given or makes, byte by byte; a content should pass through it once at most.
local HEAD = '<c1c1c1ddddddHHI4I4dI4HHHc36'
local HEAD_SIZE, FINGERPRINT_SIZE, TOKEN_SIZE = 117, 43, 36
local NO_TOKEN = string.rep('\0', TOKEN_SIZE)
-- `streamLast` of one that has no recorded stream.
local NO_STREAM = '\0\0\0\0'
local SEQ_PER_MS = 1000
-- Where some numbers lie, from 1, for those who need no more of a head.
local SEQ_AT, STARTED_AT, COMPLETED_AT, ATTEMPTS_AT, STREAM_LAST_AT, SIZE_AT, TOKEN_AT = 4, 28, 36, 52, 60, 72, 82
-- From COMPLETED_AT to SIZE_AT in the first attempt: that is its number, all others are 0.
local FIRST_ATTEMPT = '\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\1\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0'
