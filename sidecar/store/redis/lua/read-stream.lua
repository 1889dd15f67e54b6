-- Reads a recorded event stream after a sequence number. ARGV: now, retention, id, after, most pieces, most bytes
-- Returns nothing where the request is unknown, else {1 if ended, head or nothing, then sequence, piece, ...}; one piece at least,
-- however long it is.
--@include keys
--@include horizon
--@include gather
--@include record
--@include look
local id, after, most, mostBytes = ARGV[3], ARGV[4], tonumber(ARGV[5]), tonumber(ARGV[6])
local status, r = look(id)
if not status then return false end
local stream = streamKey(id)
local head = redis.call('XRANGE', stream, '-', '+', 'COUNT', 1)[1]
local reply, pieces, bytes, isFull = { 0, head and head[2][2] or false }, 0, 0, false

local function add(entry)
  -- The head is an entry too.
  if entry[2][1] ~= 'bytes' then return end
  local piece = entry[2][2]
  isFull = pieces == most or (pieces > 0 and bytes + #piece > mostBytes)
  if isFull then return end
  pieces, bytes = pieces + 1, bytes + #piece
  reply[#reply + 1] = string.match(entry[1], '^%d+')
  reply[#reply + 1] = piece
end

-- A few at a time: they may be long.
local from, step = after .. '-0', 8
repeat
  local entries = redis.call('XRANGE', stream, '(' .. from, '+', 'COUNT', step)
  local isLast = #entries < step
  for _, entry in ipairs(entries) do
    add(entry)
    if isFull then break end
    from = entry[1]
  end
  if bytes < mostBytes / 4 then step = step * 2 end
until isFull or isLast
if r.state == 'x' and not isFull then reply[1] = 1 end
return reply
