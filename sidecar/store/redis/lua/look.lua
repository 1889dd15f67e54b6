-- Status of a request, with its answer where that is wanted.
-- ARGV: now, retention, id, 1 if the answer is wanted
-- Returns nothing, or {status, answer or nothing}. Changes nothing; O(log n).
--@include keys
--@include horizon
--@include gather
--@include record
--@include look
local status, r = look(ARGV[3])
if not status then return false end
return { status, ARGV[4] == '1' and r.outcome == 'a' and r.size > 0 and contentOf(ARGV[3], r) }
