-- Accepts a batch of submissions, where there is room for all of them.
-- ARGV: now, retention, largest queue, largest bytes (0: no quota), the longest lines in which each, and in which one, makes its deadline
--   (-1: any), bytes of all contents and of the smallest, who submits, then id, time to live and record (layout.lua) of each
-- Returns, as one text, how many waited before and the place in the batch (from 1) of each under whose id something is already;
--   outcome and number where none is accepted, for that reason, and none is there already: much comes when there is no room, so
--   that to refuse it is cheap. Nothing where there is room for some. What it neither accepted nor refused, submit-any is to be asked.
-- Guarantee: an accepted request has its record, payload, deadline and place in line, or none of them. The first write is SET, which
-- Redis refuses when its memory is full: new work is refused whole, never in part.
-- Plain code without a function: each one that a script makes costs as much as a small command. So are claim and complete.
--@include clock
--@include shared
--@include layout
local mostQueued, mostBytes, reachable, reachableByOne = tonumber(ARGV[3]), tonumber(ARGV[4]), tonumber(ARGV[5]), tonumber(ARGV[6])
local bytes, size, record, waiting = tonumber(shared[3] or '0'), tonumber(ARGV[7]), base .. ':r:', redis.call('ZCARD', base .. ':waiting')
local queued, count = waiting + redis.call('ZCARD', base .. ':delayed'), (#ARGV - 9) / 3
if queued + count > mostQueued or reachable >= 0 and queued + count > reachable + 1 or mostBytes > 0 and bytes + size > mostBytes then
  local refusal
  if queued >= mostQueued then
    refusal = string.format('full %d', queued)
  elseif reachableByOne >= 0 and queued > reachableByOne then
    refusal = string.format('unreachable %d', queued)
  elseif mostBytes > 0 and bytes + tonumber(ARGV[8]) > mostBytes then
    refusal = string.format('quota_exceeded %d', bytes)
  end
  local keys = {}
  for i = 1, count do keys[i] = record .. ARGV[7 + 3 * i] end
  return refusal and redis.call('EXISTS', unpack(keys)) == 0 and refusal
end
local seq = math.max(tonumber(shared[2] or '0'), now * SEQ_PER_MS - 1)
local places, deadlines, last, reply, longest, timeToLive, deadline, removeAt = {}, {}, 0, { string.format('%d', queued) }, 0
for i = 10, #ARGV, 3 do
  local id = ARGV[i]
  if ARGV[i + 1] ~= timeToLive then
    timeToLive = ARGV[i + 1]
    local time = tonumber(timeToLive)
    if time > longest then longest = time end
    deadline, removeAt = string.format('%d', now + time), string.format('%d', now + time + retention)
  end
  if redis.call('SET', record .. id, ARGV[i + 2], 'NX', 'PXAT', removeAt) then
    seq = seq + 1
    places[last + 1], places[last + 2] = string.format('%d', seq), id
    deadlines[last + 1], deadlines[last + 2] = deadline, id
    last = last + 2
  else
    reply[#reply + 1] = string.format('%d', (i - 7) / 3)
    size = size - struct.unpack('<I4', ARGV[i + 2], SIZE_AT)
  end
end
if last > 0 then
  local neededUntil = now + longest + retention
--@include extend
  redis.call('ZADD', base .. ':waiting', unpack(places))
  redis.call('ZADD', base .. ':deadlines', unpack(deadlines))
  redis.call('HSET', base, 'seq', string.format('%d', seq), 'bytes', string.format('%d', bytes + size))
  if waiting == 0 then
    -- An index that was emptied is gone with its expiry.
    redis.call('PEXPIREAT', base .. ':waiting', string.format('%d', horizon))
    redis.call('PEXPIREAT', base .. ':deadlines', string.format('%d', horizon))
    redis.pcall('PUBLISH', base .. ':work', ARGV[9])
  end
end
return table.concat(reply, ' ')
