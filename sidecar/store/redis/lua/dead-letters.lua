-- The newest dead letters. ARGV: now, retention, most
-- Returns a list of status fields.
--@include keys
--@include horizon
--@include gather
--@include record
--@include look
local replies = {}
for _, id in ipairs(redis.call('ZREVRANGE', DEAD, 0, tonumber(ARGV[3]) - 1)) do
  local status = look(id)
  if status then replies[#replies + 1] = status end
end
return replies
