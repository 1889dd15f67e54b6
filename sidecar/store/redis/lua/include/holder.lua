-- Whether a worker's token still counts for a request: 'holds'; 'repeated' if its earlier call has already left the state
-- `running`; 'lost' otherwise. Somebody else's write always clears or replaces the token.
local function standing(id, token)
  local r = redis.call('HMGET', recordKey(id), 's', 'k')
  if r[2] ~= token or token == '' then return 'lost' end
  if r[1] == 'running' then return 'holds' end
  return 'repeated'
end
