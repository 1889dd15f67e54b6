-- Whether a worker's token still counts for a request: 'holds'; 'repeated' if its earlier call has already left the state
-- `running`; 'lost' otherwise. Somebody else's write always clears or replaces the token.
local function judge(state, holder, removeAt, token)
  if holder ~= token or token == '' or (removeAt and tonumber(removeAt) <= now) then return 'lost' end
  if state == 'running' then return 'holds' end
  return 'repeated'
end

local function standing(id, token)
  local r = redis.call('HMGET', recordKey(id), 's', 'k', 'rm')
  return judge(r[1], r[2], r[3], token)
end
