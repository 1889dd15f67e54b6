-- Adds pieces to a recorded event stream, in order. ARGV: now, retention, id, token, pieces already added in this attempt, piece...
-- Returns 1, or 0 where the lease was lost or no stream was begun. Guarantee: repeating the call adds nothing twice.
--@include keys
--@include horizon
--@include gather
--@include record
--@include holder
local id, token, already = ARGV[3], ARGV[4], tonumber(ARGV[5])
local r = read(id)
if judge(r, token) ~= 'holds' or r.streamHead == 0 then return 0 end
local sequence, size = r.streamHead + already, 0
for i = 6, #ARGV do
  sequence = sequence + 1
  if sequence > r.streamLast then
    size = size + #ARGV[i]
    redis.call('XADD', streamKey(id), whole(sequence) .. '-0', 'bytes', ARGV[i])
  end
end
if sequence <= r.streamLast then return 1 end
r.streamLast, r.streamSize = sequence, r.streamSize + size
write(id, r)
addBytes(size)
settle()
redis.pcall('PUBLISH', base .. ':c:' .. id, '')
return 1
