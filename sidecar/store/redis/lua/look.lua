-- Status of a request, with its answer where that is wanted.
-- ARGV: now, retention, id, 1 if the answer is wanted
-- Returns nothing, or {status fields, answer or nothing}. Changes nothing; O(log n).
--@include keys
--@include look
local status = look(ARGV[3])
if not status then return false end
if ARGV[4] == '1' then return { status, status[5] == 'answered' and redis.call('GET', payloadKey(ARGV[3])) or false } end
return { status, false }
