-- Reads a recorded event stream after a sequence number. ARGV: now, retention, id, after, most
-- Returns nothing where the request is unknown, else {1 if ended, head or nothing, then sequence, piece, ...}.
--@include keys
--@include horizon
--@include gather
--@include record
--@include look
local id, after, most = ARGV[3], ARGV[4], tonumber(ARGV[5])
local status, r = look(id)
if not status then return false end
local stream = streamKey(id)
local head = redis.call('XRANGE', stream, '-', '+', 'COUNT', 1)[1]
local reply = { 0, head and head[2][2] or false }
-- The head is an entry too: ask for one more, so that the end is seen as the end.
local entries = redis.call('XRANGE', stream, '(' .. after .. '-0', '+', 'COUNT', most + 1)
for _, entry in ipairs(entries) do
  if entry[2][1] == 'bytes' and #reply < 2 + 2 * most then
    reply[#reply + 1] = string.match(entry[1], '^%d+')
    reply[#reply + 1] = entry[2][2]
  end
end
if r.state == 'x' and #entries <= most then reply[1] = 1 end
return reply
