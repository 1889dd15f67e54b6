-- Whether a worker's token still counts for a request: 'holds'; 'repeated' if its earlier call has already left the state
-- `running`; 'lost' otherwise. Somebody else's write always clears or replaces the token.
local function judge(r, token)
  if not r or r.token ~= token or token == NO_TOKEN or isGone(r) then return 'lost' end
  if r.state == 'r' then return 'holds' end
  return 'repeated'
end
