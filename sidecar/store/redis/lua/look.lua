-- Status of a request, with its answer where that is wanted.
-- ARGV: now, retention, id, 1 if the answer is wanted
-- Returns nothing, or {status fields, answer or nothing}. Changes nothing; O(log n).
--@include keys
--@include look
local status = look(ARGV[3])
if not status then return false end
if ARGV[4] == '1' then
  -- Sidecars from before the answer took the payload's place kept it under a key of its own.
  local answer = status[5] == 'answered' and (redis.call('GET', payloadKey(ARGV[3])) or redis.call('GET', base .. ':a:' .. ARGV[3]))
  return { status, answer or false }
end
return { status, false }
