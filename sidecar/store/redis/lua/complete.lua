-- Stores a batch of answers.
-- ARGV: now, retention, count, then for each: id, token, answer
-- Returns 1 or 0 (lease lost, nothing written) for each.
-- Guarantee: only the holder of the lease writes, once; its repeated call changes nothing and says 1.
--@include keys
--@include horizon
--@include gather
--@include finish
--@include holder
--@include departures
local replies, ended, count = {}, {}, 0

local function complete(id, token, answer)
  local r = redis.call('HMGET', recordKey(id), 's', 'k', 'rm', 'm', 'f', 'a', 'b', 'w', 'u')
  local where = judge(r[1], r[2], r[3], token)
  if where ~= 'holds' or ended[id] then return where == 'lost' and 0 or 1 end
  ended[id] = true
  local held = tonumber(r[6] or '0')
  if r[6] and not r[5] then
    -- A stream of an earlier attempt that broke off: this answer is not its end.
    free(streamKey(id))
    addBytes(0 - held)
    held = 0
  end
  local isKept = r[4] == 'async'
  if isKept then
    held = held + #answer
    addBytes(#answer)
  end
  finish(id, { state = r[1], payload = tonumber(r[7]), answer = held, webhook = r[8], untilMs = untilOf(r[9]),
    hasStream = r[6] and true }, 'answered', '', token, isKept and answer)
  count = count + 1
  return 1
end

for i = 1, tonumber(ARGV[3]) do
  local at = i * 3
  replies[i] = complete(ARGV[at + 1], ARGV[at + 2], ARGV[at + 3])
end
settle()
if count > 0 then departed(count) end
return replies
