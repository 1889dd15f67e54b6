-- What a client may know of a request: the fields of a status in a fixed order, or nothing.
local function look(id)
  local r = redis.call('HMGET', recordKey(id), 's', 'm', 'o', 'x', 'e', 'n', 'c', 'd', 'st', 'ct', 'rm', 'q')
  if not r[1] or (r[11] and tonumber(r[11]) <= now) then return false end
  local position = -1
  if r[1] == 'queued' or r[1] == 'delayed' then
    position = redis.call('ZCOUNT', WAITING, '-inf', '(' .. r[12])
  end
  return { id, r[1], r[2], r[3] or '', r[4] or '', r[5] or '', r[6] or '0', r[7], r[8], r[9] or '', r[10] or '', position }
end
