-- What a client may know of a request: {id, record without its content, error, position}, or nothing.
local function look(id)
  local r = read(id)
  if not r or isGone(r) then return false end
  local position = -1
  if r.state == 'q' or r.state == 'd' then position = redis.call('ZCOUNT', WAITING, '-inf', '(' .. whole(r.seq)) end
  return { id, head(r) .. r.names, errorOf(id, r), position }, r
end
