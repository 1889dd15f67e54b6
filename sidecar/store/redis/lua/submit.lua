-- Accepts a batch of submissions.
-- ARGV: now, retention, largest queue, largest bytes (0: no quota), submissions one behind the other, then the texts of those that are
--   too large to lie there. Each: time to live, reachable (-1: no matter), mode, sizes of id, owner, webhook and payload, 1 if its text
--   follows; id; text (fingerprint, owner, webhook, payload). packing.ts writes it: parsing one argument is cheaper than many arguments.
-- Returns outcome and number for each, in order, as one text.
-- Guarantee: an accepted request has its record, payload, deadline and place in line, or none of them.
--@include keys
--@include horizon
--@include gather
--@include record
--@include finish
--@include accept
local limits = { queue = tonumber(ARGV[3]), bytes = tonumber(ARGV[4]) }
local packed, at, large, replies = ARGV[5], 1, 5, {}
while at <= #packed do
  local item, idSize, isHere = {}, 0, 0
  item.ttl, item.reachable, item.mode, idSize, item.ownerSize, item.webhookSize, item.size, isHere, at =
    struct.unpack('<ddc1HHHI4B', packed, at)
  item.id = string.sub(packed, at, at + idSize - 1)
  at = at + idSize
  if isHere == 1 then
    local textSize = FINGERPRINT_SIZE + item.ownerSize + item.webhookSize + item.size
    item.text = string.sub(packed, at, at + textSize - 1)
    at = at + textSize
  else
    large = large + 1
    item.text = ARGV[large]
  end
  replies[#replies + 1], replies[#replies + 2] = accept(limits, item)
end
settleAccepted()
return table.concat(replies, ' ')
