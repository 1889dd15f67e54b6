-- Status of a request, with its answer where that is wanted.
-- ARGV: now, retention, id, 1 if the answer is wanted
-- Returns nothing, or {status fields, answer or nothing}. Changes nothing; O(log n).
--@include keys
--@include look
local status = look(ARGV[3])
if not status then return false end
if ARGV[4] == '1' then return { status, redis.call('GET', answerKey(ARGV[3])) } end
return { status, false }
