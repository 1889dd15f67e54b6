// Generated from lua/*.lua by generate.ts; do not edit.

const clock = `local base = KEYS[1]
local now = tonumber(ARGV[1])
if now == 0 then
local t = redis.call('TIME')
now = t[1] * 1000 + math.floor(t[2] / 1000)
end
local retention = tonumber(ARGV[2])`;
const keys = `${clock}
local WAITING, DELAYED, LEASES = base .. ':waiting', base .. ':delayed', base .. ':leases'
local DEADLINES, KEPT, RETAINED = base .. ':deadlines', base .. ':kept', base .. ':retained'
local DEAD, HOOKS, RUNNING = base .. ':dead', base .. ':hooks', base .. ':running'
local RECORD = base .. ':r:'
local function recordKey(id) return RECORD .. id end
local function streamKey(id) return base .. ':s:' .. id end
local wholes = {}
local function whole(number)
local text = wholes[number]
if not text then
text = string.format('%d', number)
wholes[number] = text
end
return text
end`;
const shared = `local shared = redis.call('HMGET', base, 'horizon', 'seq', 'bytes', 'busy', 'rateTime', 'rateCount')
local horizon = tonumber(shared[1] or '0')`;
const extend = `if neededUntil > horizon then
horizon = neededUntil + 3600000
local untilText = string.format('%d', horizon)
redis.call('HSET', base, 'horizon', untilText)
redis.call('PEXPIREAT', base, untilText)
for _, name in ipairs({ 'running', 'waiting', 'delayed', 'leases', 'deadlines', 'kept', 'retained', 'dead', 'hooks' }) do
redis.call('PEXPIREAT', base .. ':' .. name, untilText)
end
end`;
const horizon = `${shared}
local neededUntil = 0
local function extendHorizon(untilMs)
if untilMs > neededUntil then neededUntil = untilMs end
end
local function writeHorizon()
${extend}
end`;
const gather = `local dropped, indexed, freed, put, told, held, released, bytesMore = {}, {}, {}, {}, {}, {}, {}, 0
local function drop(set, member)
local members = dropped[set]
if members then members[#members + 1] = member else dropped[set] = { member } end
end
local function index(set, score, member)
local entries = indexed[set]
if entries then
entries[#entries + 1] = score
entries[#entries + 1] = member
else
indexed[set] = { score, member }
end
end
local function free(key) freed[#freed + 1] = key end
local function later(...) put[#put + 1] = { ... } end
local function changed(id) told[#told + 1] = id end
local function addBytes(count) bytesMore = bytesMore + count end
local function release(id) released[#released + 1] = id end
local function hold(id, bytes)
held[#held + 1] = id
held[#held + 1] = bytes
end
local function settleRemovals()
for set, members in pairs(dropped) do redis.call('ZREM', set, unpack(members)) end
if #released > 0 then redis.call('HDEL', RUNNING, unpack(released)) end
if #freed > 0 then redis.call('UNLINK', unpack(freed)) end
dropped, released, freed = {}, {}, {}
end
local function settle()
settleRemovals()
for _, command in ipairs(put) do redis.call(unpack(command)) end
writeHorizon()
for set, entries in pairs(indexed) do
if redis.call('ZADD', set, unpack(entries)) == redis.call('ZCARD', set) then
redis.call('PEXPIREAT', set, whole(horizon))
end
end
if #held > 0 and redis.call('HSET', RUNNING, unpack(held)) == redis.call('HLEN', RUNNING) then
redis.call('PEXPIREAT', RUNNING, whole(horizon))
end
if bytesMore ~= 0 then redis.call('HINCRBY', base, 'bytes', whole(bytesMore)) end
if #told > 0 then redis.call('PUBLISH', base .. ':changes', table.concat(told, ' ')) end
indexed, put, told, held, bytesMore = {}, {}, {}, {}, 0
end`;
const layout = `local HEAD = '<c1c1c1ddddddHHI4I4dI4HHHc36'
local HEAD_SIZE, FINGERPRINT_SIZE, TOKEN_SIZE = 117, 43, 36
local NO_TOKEN = string.rep('\\0', TOKEN_SIZE)
local NO_STREAM = '\\0\\0\\0\\0'
local SEQ_PER_MS, IN_SEQ = 1000, 1
local SEQ_AT, STARTED_AT, COMPLETED_AT, ATTEMPTS_AT, STREAM_LAST_AT, SIZE_AT, TOKEN_AT = 4, 28, 36, 52, 60, 72, 82
local FIRST_ATTEMPT = '\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\\1\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0'`;
const former = `local LETTERS = { queued = 'q', delayed = 'd', running = 'r', done = 'x', answered = 'a', failed = 'f', expired = 'e', canceled = 'c',
async = 'a', proxy = 'p' }
local function asText(id)
local fields, f = redis.call('HGETALL', recordKey(id)), {}
for i = 1, #fields, 2 do f[fields[i]] = fields[i + 1] end
local function number(name) return tonumber(f[name] or '0') end
local content = redis.call('GET', base .. ':p:' .. id) or redis.call('GET', base .. ':a:' .. id) or ''
local owner, webhook, err = f.o or '', f.w or '', f.e or ''
local held = f.s == 'done' and number('held') - #content or number('a')
return head({ state = LETTERS[f.s], outcome = LETTERS[f.x] or '-', mode = LETTERS[f.m], seq = number('q'), created = number('c'),
deadline = number('d'), started = number('st'), completed = number('ct'), removeAt = number('rm'), attempts = number('n'),
deliveries = number('wa'), streamHead = number('f'), streamLast = number('z'), streamSize = math.max(held, 0),
size = #content, ownerSize = #owner, webhookSize = #webhook, errorSize = #err,
token = f.k and #f.k == #NO_TOKEN and f.k or NO_TOKEN }) .. f.h .. owner .. webhook .. content .. err
end
local function rewrite(id, bytes)
local key = recordKey(id)
local left = redis.call('PTTL', key)
redis.call('UNLINK', key, base .. ':p:' .. id, base .. ':a:' .. id)
redis.call('SET', key, bytes, 'PX', math.max(left, 1))
return bytes
end`;
const record = `${layout}
local USUAL_SIZE = 512
local function parse(bytes)
local r = {}
r.state, r.outcome, r.mode, r.seq, r.created, r.deadline, r.started, r.completed, r.removeAt, r.attempts, r.deliveries,
r.streamHead, r.streamLast, r.streamSize, r.size, r.ownerSize, r.webhookSize, r.errorSize, r.token = struct.unpack(HEAD, bytes)
r.namesSize = FINGERPRINT_SIZE + r.ownerSize + r.webhookSize
r.names = string.sub(bytes, HEAD_SIZE + 1, HEAD_SIZE + r.namesSize)
return r
end
local function head(r)
return struct.pack(HEAD, r.state, r.outcome, r.mode, r.seq, r.created, r.deadline, r.started, r.completed, r.removeAt,
r.attempts, r.deliveries, r.streamHead, r.streamLast, r.streamSize, r.size, r.ownerSize, r.webhookSize, r.errorSize, r.token)
end
${former}
local function complement(id, r)
local timeToLive = r.deadline
r.seq = tonumber(redis.call('ZSCORE', WAITING, id) or '0')
if r.created == IN_SEQ and r.seq > 0 then
r.created = math.floor(r.seq / SEQ_PER_MS)
r.deadline = r.created + timeToLive
else
r.deadline = tonumber(redis.call('ZSCORE', DEADLINES, id) or whole(now))
r.created = r.deadline - timeToLive
end
end
local function peek(id)
local bytes = redis.pcall('GETRANGE', recordKey(id), 0, USUAL_SIZE - 1)
local isFormer = type(bytes) == 'table'
if isFormer then bytes = asText(id) end
if bytes == '' then return nil end
local underLease = redis.call('HGET', RUNNING, id)
local r = parse(underLease or bytes)
r.isHeld = underLease and true
r.whole = isFormer and bytes
if #r.names < r.namesSize then
r.names = redis.call('GETRANGE', recordKey(id), HEAD_SIZE, HEAD_SIZE + r.namesSize - 1)
end
if r.seq == 0 then complement(id, r) end
return r
end
local function read(id)
local r = peek(id)
if r and r.whole then rewrite(id, r.whole) end
return r
end
local function readWhole(id)
local r = read(id)
return r, r and redis.call('GET', recordKey(id))
end
local function part(id, r, from, size)
if size == 0 then return '' end
from = HEAD_SIZE + r.namesSize + from
if r.whole then return string.sub(r.whole, from + 1, from + size) end
return redis.call('GETRANGE', recordKey(id), from, from + size - 1)
end
local function contentOf(id, r) return part(id, r, 0, r.size) end
local function errorOf(id, r) return part(id, r, r.size, r.errorSize) end
local function isGone(r) return r.state == 'x' and r.removeAt <= now end
local function write(id, r)
if r.state == 'r' then return hold(id, head(r) .. r.names) end
later('SETRANGE', recordKey(id), 0, head(r))
if r.isHeld then release(id) end
end`;
const holder = `local function judge(r, token)
if not r or r.token ~= token or token == NO_TOKEN or isGone(r) then return 'lost' end
if r.state == 'r' then return 'holds' end
return 'repeated'
end`;
const finish = `local placeOf = { q = WAITING, d = DELAYED, r = LEASES }
local function finish(id, r, outcome, err, token, answer)
local key, removeAt = recordKey(id), now + retention
local hasStream = r.streamLast > 0
drop(placeOf[r.state], id)
drop(DEADLINES, id)
r.state, r.outcome, r.token, r.completed, r.removeAt, r.errorSize = 'x', outcome, token, now, removeAt, #err
if outcome == 'f' then
later('SETRANGE', key, HEAD_SIZE + r.namesSize + r.size, err)
later('SETRANGE', key, 0, head(r))
later('PEXPIREAT', key, whole(removeAt))
index(DEAD, whole(now), id)
else
local content = answer or ''
addBytes(#content - r.size)
r.size = #content
later('SET', key, head(r) .. r.names .. content .. err, 'PXAT', whole(removeAt))
end
if r.isHeld then release(id) end
if hasStream then later('PEXPIREAT', streamKey(id), whole(removeAt)) end
extendHorizon(removeAt)
index(KEPT, whole(removeAt), whole(r.size + r.streamSize) .. ':1:' .. whole(r.seq))
if r.webhookSize > 0 then
index(HOOKS, whole(now), id)
redis.call('PUBLISH', base .. ':hooks!', '')
end
changed(id)
end
local function expire(id, r)
local err = 'expired: not finished within its time to live'
if r.errorSize > 0 then err = err .. '; last try: ' .. errorOf(id, r) end
finish(id, r, 'e', err, NO_TOKEN)
end
local function forget(id, r)
local held = whole(r.size + r.streamSize)
local former = held .. ':' .. id
if redis.call('ZSCORE', RETAINED, former) then
drop(RETAINED, former)
else
index(KEPT, whole(r.removeAt), '-' .. held .. ':-1:' .. whole(r.seq))
end
drop(DEAD, id)
drop(HOOKS, id)
free(recordKey(id))
free(streamKey(id))
addBytes(0 - tonumber(held))
changed(id)
end`;
const line = `local function wakeIfFirst(added)
if redis.call('ZCARD', WAITING) == added then redis.call('PUBLISH', base .. ':work', '') end
end
local enqueued = 0
local function enqueue(id, r)
index(WAITING, whole(r.seq), id)
enqueued = enqueued + 1
end
local function settleLine()
settle()
if enqueued > 0 then wakeIfFirst(enqueued) end
enqueued = 0
end
local function releaseDelayed(max)
local due = redis.call('ZRANGEBYSCORE', DELAYED, '-inf', whole(now), 'LIMIT', 0, max)
if #due == 0 then return end
for _, id in ipairs(due) do
drop(DELAYED, id)
local r = read(id)
if r then
r.state = 'q'
write(id, r)
enqueue(id, r)
end
end
settleLine()
end`;
const look = `local function look(id)
local r = peek(id)
if not r or isGone(r) then return false end
local position = -1
if r.state == 'q' or r.state == 'd' then position = redis.call('ZCOUNT', WAITING, '-inf', '(' .. whole(r.seq)) end
return { id, head(r) .. r.names, errorOf(id, r), position }, r
end`;
const departures = `local function departed(count)
local busy = tonumber(shared[4] or '0')
local waits = redis.call('ZCARD', base .. ':waiting') > 0
if not waits and busy == 0 then return end
local fields = { 'busy', waits and string.format('%d', now) or '0' }
if busy > 0 then
local fade = 0.98 ^ count
fields[3], fields[4] = 'rateTime', tonumber(shared[5] or '0') * fade + (now - busy)
fields[5], fields[6] = 'rateCount', tonumber(shared[6] or '0') * fade + count
end
redis.call('HSET', base, unpack(fields))
end`;
const accept = `local seq, bytes, acceptedCount = tonumber(shared[2] or '0'), tonumber(shared[3] or '0'), 0
local waiting = redis.call('ZCARD', WAITING)
local queued = waiting + redis.call('ZCARD', DELAYED)
local mostQueued, mostBytes = tonumber(ARGV[3]), tonumber(ARGV[4])
local function known(id, text, ownerSize)
local r = peek(id)
if not r then return nil end
if isGone(r) then
forget(id, r)
bytes = bytes - r.size - r.streamSize
if r.whole then free(base .. ':p:' .. id) end
settle()
return nil
end
if r.whole and r.state == 'q' and not redis.call('ZSCORE', WAITING, id) then
redis.call('UNLINK', recordKey(id), base .. ':p:' .. id)
return nil
end
local size = FINGERPRINT_SIZE + ownerSize
local names = string.sub(text, HEAD_SIZE + 1, HEAD_SIZE + size)
return r.ownerSize == ownerSize and string.sub(r.names, 1, size) == names and 'duplicate' or 'conflict'
end
local function refusal(size, reachable)
if queued >= mostQueued then return 'full', queued end
if reachable >= 0 and queued > reachable then return 'unreachable', queued end
if mostBytes > 0 and bytes + size > mostBytes then return 'quota_exceeded', bytes end
end
local function accept(id, text, timeToLive, reachable, size, ownerSize)
local deadline = now + timeToLive
local removeAt = whole(deadline + retention)
if refusal(size, reachable) or not redis.call('SET', RECORD .. id, text, 'NX', 'PXAT', removeAt) then
local outcome, number = known(id, text, ownerSize), 0
if not outcome then outcome, number = refusal(size, reachable) end
if outcome then return outcome, number end
redis.call('SET', RECORD .. id, text, 'NX', 'PXAT', removeAt)
end
seq = math.max(seq + 1, now * SEQ_PER_MS)
extendHorizon(deadline + retention)
bytes = bytes + size
index(DEADLINES, whole(deadline), id)
index(WAITING, whole(seq), id)
acceptedCount = acceptedCount + 1
queued = queued + 1
return 'accepted', queued - 1
end
local function settleAccepted()
settle()
if acceptedCount == 0 then return end
redis.call('HSET', base, 'seq', whole(seq), 'bytes', whole(bytes))
if waiting == 0 then redis.call('PUBLISH', base .. ':work', '') end
end`;

export const scripts = {
  appendStream: `${keys}
${horizon}
${gather}
${record}
${holder}
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
redis.call('PUBLISH', base .. ':c:' .. id, '')
return 1
`,
  cancel: `${keys}
${horizon}
${gather}
${record}
${finish}
local id = ARGV[3]
local r = read(id)
if not r or isGone(r) then return 'not_found' end
if r.state == 'x' then
forget(id, r)
settle()
return 'deleted'
end
local isRunning = r.state == 'r'
finish(id, r, 'c', 'canceled', NO_TOKEN)
settle()
if isRunning then redis.call('PUBLISH', base .. ':cancel', id) end
return 'canceled'
`,
  claimAny: `${keys}
${horizon}
${gather}
${record}
${line}
${finish}
local most, token, lostToken, room = tonumber(ARGV[3]), ARGV[4], ARGV[6], tonumber(ARGV[7])
local leaseEnd = whole(now + tonumber(ARGV[5]))
local reply, found, expired, isFull = { 0, 0, whole(now) }, 0, 0, false
local function give(id, r, stored)
found = found + 1
room = room - r.size
r.token = token
write(id, r)
index(LEASES, leaseEnd, id)
local at = #reply
reply[at + 1], reply[at + 2], reply[at + 3] = id, head(r) .. r.names, stored
end
local function giveAgain()
drop(LEASES, '')
for _, id in ipairs(redis.call('ZRANGE', LEASES, 0, -1)) do
local r = peek(id)
if not r or r.token ~= lostToken then
elseif found < most then
local _, stored = readWhole(id)
give(id, r, stored)
else
drop(LEASES, id)
r.state, r.token, r.attempts = 'q', NO_TOKEN, r.attempts - 1
write(id, r)
enqueue(id, r)
end
end
settleLine()
end
local function take(id)
local r, stored = readWhole(id)
if not r then
drop(WAITING, id)
elseif r.deadline <= now then
expire(id, r)
expired = expired + 1
elseif found > 0 and r.size > room then
isFull = true
else
drop(WAITING, id)
r.state, r.attempts, r.started = 'r', r.attempts + 1, now
changed(id)
give(id, r, stored)
end
end
if lostToken ~= '' then giveAgain() end
releaseDelayed(100)
while found < most and expired < 100 and not isFull do
local ids = redis.call('ZRANGE', WAITING, 0, most - found - 1)
if #ids == 0 then break end
for _, id in ipairs(ids) do
take(id)
if isFull then break end
end
settle()
end
reply[1] = redis.call('ZCARD', WAITING) > 0 and 1 or 0
reply[2] = expired
return reply
`,
  claimDeliveries: `${keys}
${horizon}
${gather}
${record}
${look}
local replies = {}
for _, id in ipairs(redis.call('ZRANGEBYSCORE', HOOKS, '-inf', now, 'LIMIT', 0, tonumber(ARGV[3]))) do
local status, r = look(id)
if status then
if r.whole then rewrite(id, r.whole) end
r.deliveries = r.deliveries + 1
write(id, r)
index(HOOKS, whole(now + tonumber(ARGV[4])), id)
replies[#replies + 1] = { r.deliveries, string.sub(r.names, FINGERPRINT_SIZE + r.ownerSize + 1), status }
else
drop(HOOKS, id)
end
end
settle()
return replies
`,
  claim: `${clock}
${layout}
local most, token, room = tonumber(ARGV[3]), ARGV[4], tonumber(ARGV[7])
local waiting = base .. ':waiting'
if ARGV[6] ~= '' then return false end
local nowText, leaseEnd = string.format('%d', now), string.format('%d', now + tonumber(ARGV[5]))
if #redis.call('ZRANGEBYSCORE', base .. ':delayed', '-inf', nowText, 'LIMIT', 0, 1) > 0 then return false end
local entries = redis.call('ZRANGE', waiting, 0, most - 1, 'WITHSCORES')
local reply = { 0, 0, nowText }
if #entries == 0 then return reply end
local keys, count = {}, #entries / 2
for i = 1, count do keys[i] = base .. ':r:' .. entries[2 * i - 1] end
local horizon, bytes = unpack(redis.call('HMGET', base, 'horizon', 'bytes'))
local records = tonumber(bytes or '0') <= room and redis.call('MGET', unpack(keys))
local taken, leases, holds, last, lastReply = {}, {}, {}, 0, 3
local started = struct.pack('<d', now)
for i = 1, count do
local id, stored = entries[2 * i - 1]
if records then stored = records[i] else stored = redis.pcall('GET', keys[i]) end
if type(stored) ~= 'string' then return false end
local seq, created, deadline = struct.unpack('<ddd', stored, SEQ_AT)
local size, ownerSize, webhookSize = struct.unpack('<I4HH', stored, SIZE_AT)
local names = string.sub(stored, HEAD_SIZE + 1, HEAD_SIZE + FINGERPRINT_SIZE + ownerSize + webhookSize)
local lease
if seq == 0 then
seq = tonumber(entries[2 * i])
if created == IN_SEQ then
created = math.floor(seq / SEQ_PER_MS)
deadline = created + deadline
else
local dueAt = tonumber(redis.call('ZSCORE', base .. ':deadlines', id) or '0')
created, deadline = dueAt - deadline, dueAt
end
lease = 'r' .. string.sub(stored, 2, 3) .. struct.pack('<dddd', seq, created, deadline, now) .. FIRST_ATTEMPT
.. string.sub(stored, SIZE_AT, TOKEN_AT - 1) .. token .. names
else
lease = 'r' .. string.sub(stored, 2, STARTED_AT - 1) .. started .. string.sub(stored, COMPLETED_AT, ATTEMPTS_AT - 1)
.. struct.pack('<H', struct.unpack('<H', stored, ATTEMPTS_AT) + 1) .. string.sub(stored, ATTEMPTS_AT + 2, TOKEN_AT - 1) .. token .. names
end
if deadline <= now then return false end
if i > 1 and size > room then break end
room = room - size
taken[i], leases[last + 1], leases[last + 2], holds[last + 1], holds[last + 2] = id, leaseEnd, id, id, lease
last = last + 2
reply[lastReply + 1], reply[lastReply + 2], reply[lastReply + 3] = id, lease, stored
lastReply = lastReply + 3
end
redis.call('ZREM', waiting, unpack(taken))
local isFirst = redis.call('ZADD', base .. ':leases', unpack(leases)) == redis.call('ZCARD', base .. ':leases')
redis.call('HSET', base .. ':running', unpack(holds))
if isFirst then
redis.call('PEXPIREAT', base .. ':leases', horizon or leaseEnd)
redis.call('PEXPIREAT', base .. ':running', horizon or leaseEnd)
end
redis.call('PUBLISH', base .. ':changes', table.concat(taken, ' '))
reply[1] = redis.call('ZCARD', waiting) > 0 and 1 or 0
return reply
`,
  completeAny: `${keys}
${horizon}
${gather}
${record}
${finish}
${holder}
${departures}
local id, token, answer = ARGV[3], ARGV[4], ARGV[5]
local r = read(id)
local where = judge(r, token)
if where ~= 'holds' then return where == 'lost' and 0 or 1 end
if r.streamHead == 0 and r.streamLast > 0 then
free(streamKey(id))
addBytes(0 - r.streamSize)
r.streamSize, r.streamLast = 0, 0
end
finish(id, r, 'a', '', token, r.mode == 'a' and answer)
settle()
departed(1)
return 1
`,
  complete: `${clock}
${shared}
${layout}
${departures}
local held, addedBytes, count, running = tonumber(ARGV[3]), tonumber(ARGV[4]), (#ARGV - 4) / 2, base .. ':running'
local leases = redis.call('HMGET', running, unpack(ARGV, 5, 4 + count))
local neededUntil, left, ended, places, done, seqOfOne = now + retention, {}, {}, {}, {}, nil
local removeAt = string.format('%d', neededUntil)
for i = 1, count do
local id, record, lease = ARGV[4 + i], ARGV[4 + count + i], leases[i]
if lease and not done[id] and string.sub(lease, TOKEN_AT, HEAD_SIZE) == string.sub(record, TOKEN_AT, HEAD_SIZE)
and string.sub(lease, STREAM_LAST_AT, STREAM_LAST_AT + 3) == NO_STREAM then
seqOfOne = seqOfOne or struct.unpack('<d', lease, SEQ_AT)
done[id] = true
ended[#ended + 1], places[#places + 1] = id, i
else
left[#left + 1] = string.format('%d', i)
end
end
if #ended == 0 then return table.concat(left, ' ') end
if #left > 0 then
held, addedBytes = 0, 0
for _, i in ipairs(places) do
local size = struct.unpack('<I4', ARGV[4 + count + i], SIZE_AT)
held, addedBytes = held + size, addedBytes + size - struct.unpack('<I4', leases[i], SIZE_AT)
end
end
redis.call('ZREM', base .. ':leases', unpack(ended))
redis.call('ZREM', base .. ':deadlines', unpack(ended))
redis.call('HDEL', running, unpack(ended))
for at, id in ipairs(ended) do redis.call('SET', base .. ':r:' .. id, ARGV[4 + count + places[at]], 'PXAT', removeAt) end
${extend}
redis.call('ZADD', base .. ':kept', removeAt, string.format('%d:%d:%d', held, #ended, seqOfOne))
if redis.call('ZCARD', base .. ':kept') == 1 then redis.call('PEXPIREAT', base .. ':kept', string.format('%d', horizon)) end
if addedBytes ~= 0 then redis.call('HINCRBY', base, 'bytes', string.format('%d', addedBytes)) end
redis.call('PUBLISH', base .. ':changes', table.concat(ended, ' '))
departed(#ended)
return table.concat(left, ' ')
`,
  deadLetters: `${keys}
${horizon}
${gather}
${record}
${look}
local replies = {}
for _, id in ipairs(redis.call('ZREVRANGE', DEAD, 0, tonumber(ARGV[3]) - 1)) do
local status = look(id)
if status then replies[#replies + 1] = status end
end
return replies
`,
  fail: `${keys}
${horizon}
${gather}
${record}
${line}
${finish}
${holder}
${departures}
local id, token, err, wait, counts = ARGV[3], ARGV[4], ARGV[5], tonumber(ARGV[6]), ARGV[7] == '1'
local r = read(id)
local where = judge(r, token)
if where ~= 'holds' then return where == 'lost' and 0 or 1 end
if wait < 0 then
finish(id, r, 'f', err, token)
settle()
departed(1)
return 1
end
drop(LEASES, id)
if not counts then r.attempts = r.attempts - 1 end
if err ~= '' then
r.errorSize = #err
later('SETRANGE', recordKey(id), HEAD_SIZE + r.namesSize + r.size, err)
end
if r.streamHead > 0 then
r.streamHead = 0
index(DEADLINES, whole(r.deadline), id)
end
if wait > 0 then
r.state = 'd'
index(DELAYED, whole(now + wait), id)
else
r.state = 'q'
enqueue(id, r)
end
write(id, r)
changed(id)
settleLine()
return 1
`,
  figures: `${keys}
${horizon}
${gather}
${record}
local c = redis.call('HMGET', base, 'bytes', 'busy', 'rateTime', 'rateCount')
local first = redis.call('ZRANGE', WAITING, 0, 0)[1] or redis.call('ZRANGE', DELAYED, 0, 0)[1]
local oldest = first and peek(first)
local busy, rateTime, rateCount = tonumber(c[2] or '0'), tonumber(c[3] or '0'), tonumber(c[4] or '0')
if busy > 0 and rateCount > 0 and now - busy > rateTime / rateCount then rateTime = rateTime + (now - busy) end
return { redis.call('ZCARD', WAITING) + redis.call('ZCARD', DELAYED), redis.call('ZCARD', LEASES),
redis.call('ZCARD', DEAD), oldest and whole(oldest.created) or '-1', c[1] or '0', tostring(rateTime), tostring(rateCount) }
`,
  look: `${keys}
${horizon}
${gather}
${record}
${look}
local status, r = look(ARGV[3])
if not status then return false end
return { status, ARGV[4] == '1' and r.outcome == 'a' and r.size > 0 and contentOf(ARGV[3], r) }
`,
  readStream: `${keys}
${horizon}
${gather}
${record}
${look}
local id, after, most = ARGV[3], ARGV[4], tonumber(ARGV[5])
local status, r = look(id)
if not status then return false end
local stream = streamKey(id)
local head = redis.call('XRANGE', stream, '-', '+', 'COUNT', 1)[1]
local reply = { 0, head and head[2][2] or false }
local entries = redis.call('XRANGE', stream, '(' .. after .. '-0', '+', 'COUNT', most + 1)
for _, entry in ipairs(entries) do
if entry[2][1] == 'bytes' and #reply < 2 + 2 * most then
reply[#reply + 1] = string.match(entry[1], '^%d+')
reply[#reply + 1] = entry[2][2]
end
end
if r.state == 'x' and #entries <= most then reply[1] = 1 end
return reply
`,
  renew: `${keys}
${horizon}
${gather}
${record}
local leaseEnd = now + tonumber(ARGV[3])
local replies = {}
drop(LEASES, '')
for at = 4, #ARGV, 2 do
local id, token = ARGV[at], ARGV[at + 1]
local r = peek(id)
local state = 'lost'
if r and r.state == 'x' then
if not isGone(r) and r.outcome == 'c' then state = 'canceled' end
if not isGone(r) and r.outcome == 'e' then state = 'expired' end
elseif r and r.state == 'r' and r.token == token then
if r.streamHead == 0 and r.deadline <= now then
state = 'expired'
else
state = 'held'
index(LEASES, whole(leaseEnd), id)
local keep = leaseEnd + retention
if r.streamHead > 0 then
for _, key in ipairs({ recordKey(id), streamKey(id) }) do later('PEXPIREAT', key, whole(keep)) end
extendHorizon(keep)
end
end
end
replies[#replies + 1] = state
end
settle()
return replies
`,
  replay: `${keys}
${horizon}
${gather}
${record}
${finish}
${accept}
local old, new = ARGV[5], ARGV[6]
if not redis.call('ZSCORE', DEAD, old) then return false end
local r, stored = readWhole(old)
if not r or isGone(r) then return false end
local timeToLive = r.deadline - r.created
local text = struct.pack(HEAD, 'q', '-', r.mode, 0, IN_SEQ, timeToLive, 0, 0, 0, 0, 0, 0, 0, 0, r.size, r.ownerSize, r.webhookSize, 0, NO_TOKEN)
.. string.sub(stored, HEAD_SIZE + 1, HEAD_SIZE + r.namesSize + r.size)
local outcome, number = accept(new, text, timeToLive, -1, r.size, r.ownerSize)
if outcome == 'accepted' then drop(DEAD, old) end
settleAccepted()
return { outcome, number }
`,
  settleDelivery: `${keys}
if tonumber(ARGV[4]) < 0 then
redis.call('ZREM', HOOKS, ARGV[3])
elseif redis.call('ZSCORE', HOOKS, ARGV[3]) then
redis.call('ZADD', HOOKS, now + tonumber(ARGV[4]), ARGV[3])
end
return 1
`,
  startStream: `${keys}
${horizon}
${gather}
${record}
${holder}
local id, token, start = ARGV[3], ARGV[4], ARGV[5]
local r = read(id)
if judge(r, token) ~= 'holds' then return 0 end
local stream, sequence = streamKey(id), r.streamLast + 1
redis.call('ZREM', DEADLINES, id)
redis.call('UNLINK', stream)
addBytes(#start - r.streamSize)
r.streamHead, r.streamLast, r.streamSize = sequence, sequence, #start
write(id, r)
settle()
redis.call('XADD', stream, whole(sequence) .. '-0', 'start', start)
redis.call('PEXPIRE', stream, redis.call('PTTL', recordKey(id)))
redis.call('PUBLISH', base .. ':c:' .. id, '')
return 1
`,
  submitAny: `${keys}
${horizon}
${gather}
${record}
${finish}
${accept}
local replies = {}
for i = 5, #ARGV, 4 do
local at = #replies
local size, ownerSize = struct.unpack('<I4H', ARGV[i + 3], SIZE_AT)
replies[at + 1], replies[at + 2] = accept(ARGV[i], ARGV[i + 3], tonumber(ARGV[i + 1]), tonumber(ARGV[i + 2]), size, ownerSize)
end
settleAccepted()
return replies
`,
  submit: `${clock}
${shared}
${layout}
local bytes, mostBytes, reachable, size = tonumber(shared[3] or '0'), tonumber(ARGV[4]), tonumber(ARGV[5]), tonumber(ARGV[6])
local waiting = redis.call('ZCARD', base .. ':waiting')
local queued, count = waiting + redis.call('ZCARD', base .. ':delayed'), (#ARGV - 7) / 3
if queued + count > tonumber(ARGV[3]) or reachable >= 0 and queued + count > reachable + 1 or mostBytes > 0 and bytes + size > mostBytes then
return false
end
local seq, record = math.max(tonumber(shared[2] or '0'), now * SEQ_PER_MS - 1), base .. ':r:'
local places, deadlines, last, reply, longest, timeToLive, deadline, removeAt = {}, {}, 0, { string.format('%d', queued) }, 0
for i = 8, #ARGV, 3 do
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
reply[#reply + 1] = string.format('%d', (i - 5) / 3)
size = size - struct.unpack('<I4', ARGV[i + 2], SIZE_AT)
end
end
if last > 0 then
local neededUntil = now + longest + retention
${extend}
redis.call('ZADD', base .. ':waiting', unpack(places))
redis.call('ZADD', base .. ':deadlines', unpack(deadlines))
redis.call('HSET', base, 'seq', string.format('%d', seq), 'bytes', string.format('%d', bytes + size))
if waiting == 0 then
redis.call('PEXPIREAT', base .. ':waiting', string.format('%d', horizon))
redis.call('PEXPIREAT', base .. ':deadlines', string.format('%d', horizon))
redis.call('PUBLISH', base .. ':work', ARGV[7])
end
end
return table.concat(reply, ' ')
`,
  sweep: `${keys}
${horizon}
${gather}
${record}
${line}
${finish}
local most, attemptsAllowed = tonumber(ARGV[3]), tonumber(ARGV[4])
local expired, takenBack, dead, removed = 0, 0, 0, 0
local function due(set) return redis.call('ZRANGEBYSCORE', set, '-inf', whole(now), 'LIMIT', 0, most) end
for _, id in ipairs(due(DEADLINES)) do
local r = read(id)
if r and r.state ~= 'x' then
expire(id, r)
expired = expired + 1
else
for _, set in ipairs({ DEADLINES, WAITING, DELAYED }) do drop(set, id) end
end
end
settle()
for _, id in ipairs(due(LEASES)) do
local r = read(id)
drop(LEASES, id)
if r and r.state == 'r' then
takenBack = takenBack + 1
if r.attempts >= attemptsAllowed then
finish(id, r, 'f', 'lease_lost: its replica stopped answering during attempt ' .. r.attempts, NO_TOKEN)
dead = dead + 1
else
r.state, r.token = 'q', NO_TOKEN
if r.streamHead > 0 then
r.streamHead = 0
index(DEADLINES, whole(r.deadline), id)
end
write(id, r)
enqueue(id, r)
changed(id)
end
elseif not r then
release(id)
end
end
settleLine()
for _, member in ipairs(due(KEPT)) do
local held, count = string.match(member, '^(-?%d+):(-?%d+):')
drop(KEPT, member)
addBytes(0 - tonumber(held))
removed = removed + tonumber(count)
end
for _, member in ipairs(due(RETAINED)) do
local held, id = string.match(member, '^(%d+):(.*)$')
drop(RETAINED, member)
free(recordKey(id))
free(streamKey(id))
addBytes(0 - tonumber(held))
removed = removed + 1
end
settle()
redis.call('ZREMRANGEBYSCORE', DEAD, '-inf', whole(now - retention))
releaseDelayed(most)
if redis.call('EXISTS', WAITING, DELAYED, LEASES, KEPT, RETAINED) == 0 and redis.call('EXISTS', base) == 1 then
redis.call('HSET', base, 'bytes', 0)
end
return { expired, takenBack, dead, math.max(removed, 0) }
`,
} as const;
