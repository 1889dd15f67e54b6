-- Status of a request, with the beginning of its answer where that is wanted.
-- ARGV: now, retention, id, most bytes of the answer (0: none)
-- Returns nothing, or {status, beginning of the answer or nothing, bytes of the whole answer}. Changes nothing; O(log n).
--@include keys
--@include horizon
--@include gather
--@include record
--@include look
local status, r = look(ARGV[3])
if not status then return false end
local wanted = math.min(tonumber(ARGV[4]), r.size)
return { status, r.outcome == 'a' and wanted > 0 and part(ARGV[3], r, 0, wanted), r.size }
