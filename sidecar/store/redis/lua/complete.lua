-- Stores a batch of answers.
-- ARGV: now, retention, answers one behind the other, then those that are too large to lie there. Each: sizes of id, token and answer,
--   1 if the answer follows; id, token, answer
-- Returns 1 or 0 (lease lost, nothing written) for each, as one text.
-- Guarantee: only the holder of the lease writes, once; its repeated call changes nothing and says 1.
--@include keys
--@include horizon
--@include gather
--@include record
--@include finish
--@include holder
--@include departures
local ended, count = {}, 0

local function complete(id, token, answer)
  local r = read(id)
  local where = judge(r, token)
  if where ~= 'holds' or ended[id] then return where == 'lost' and '0' or '1' end
  ended[id] = true
  if r.streamHead == 0 and r.streamLast > 0 then
    -- A stream of an earlier attempt that broke off: this answer is not its end.
    free(streamKey(id))
    addBytes(0 - r.streamSize)
    r.streamSize, r.streamLast = 0, 0
  end
  finish(id, r, 'a', '', token, r.mode == 'a' and answer)
  count = count + 1
  return '1'
end

local packed, at, large, replies = ARGV[3], 1, 3, {}
while at <= #packed do
  local idSize, tokenSize, size, isHere, answer
  idSize, tokenSize, size, isHere, at = struct.unpack('<HHI4B', packed, at)
  local id, token = string.sub(packed, at, at + idSize - 1), string.sub(packed, at + idSize, at + idSize + tokenSize - 1)
  at = at + idSize + tokenSize
  if isHere == 1 then
    answer = string.sub(packed, at, at + size - 1)
    at = at + size
  else
    large = large + 1
    answer = ARGV[large]
  end
  replies[#replies + 1] = complete(id, token, answer)
end
settle()
if count > 0 then departed(count) end
return table.concat(replies)
