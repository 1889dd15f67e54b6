// Generated from lua/*.lua by generate.ts; do not edit.

export const scripts = {
  appendStream: `local base = KEYS[1]
local now = tonumber(ARGV[1])
if now == 0 then
local t = redis.call('TIME')
now = t[1] * 1000 + math.floor(t[2] / 1000)
end
local retention = tonumber(ARGV[2])
local WAITING, DELAYED, LEASES = base .. ':waiting', base .. ':delayed', base .. ':leases'
local DEADLINES, RETAINED = base .. ':deadlines', base .. ':retained'
local DEAD, HOOKS = base .. ':dead', base .. ':hooks'
local function recordKey(id) return base .. ':r:' .. id end
local function payloadKey(id) return base .. ':p:' .. id end
local function streamKey(id) return base .. ':s:' .. id end
local wholes = {}
local function whole(number)
local text = wholes[number]
if not text then
text = string.format('%d', number)
wholes[number] = text
end
return text
end
local function judge(state, holder, removeAt, token)
if holder ~= token or token == '' or (removeAt and tonumber(removeAt) <= now) then return 'lost' end
if state == 'running' then return 'holds' end
return 'repeated'
end
local function standing(id, token)
local r = redis.call('HMGET', recordKey(id), 's', 'k', 'rm')
return judge(r[1], r[2], r[3], token)
end
local id, token, already = ARGV[3], ARGV[4], tonumber(ARGV[5])
local key, stream = recordKey(id), streamKey(id)
if standing(id, token) ~= 'holds' then return 0 end
local r = redis.call('HMGET', key, 'z', 'f')
if not r[2] then return 0 end
local last, sequence, size = tonumber(r[1]), tonumber(r[2]) + already, 0
for i = 6, #ARGV do
sequence = sequence + 1
if sequence > last then
size = size + #ARGV[i]
redis.call('XADD', stream, sequence .. '-0', 'bytes', ARGV[i])
end
end
if sequence <= last then return 1 end
redis.call('HSET', key, 'z', sequence)
redis.call('HINCRBY', key, 'a', size)
redis.call('HINCRBY', base, 'bytes', size)
redis.call('PUBLISH', base .. ':c:' .. id, '')
return 1
`,
  cancel: `local base = KEYS[1]
local now = tonumber(ARGV[1])
if now == 0 then
local t = redis.call('TIME')
now = t[1] * 1000 + math.floor(t[2] / 1000)
end
local retention = tonumber(ARGV[2])
local WAITING, DELAYED, LEASES = base .. ':waiting', base .. ':delayed', base .. ':leases'
local DEADLINES, RETAINED = base .. ':deadlines', base .. ':retained'
local DEAD, HOOKS = base .. ':dead', base .. ':hooks'
local function recordKey(id) return base .. ':r:' .. id end
local function payloadKey(id) return base .. ':p:' .. id end
local function streamKey(id) return base .. ':s:' .. id end
local wholes = {}
local function whole(number)
local text = wholes[number]
if not text then
text = string.format('%d', number)
wholes[number] = text
end
return text
end
local shared = redis.call('HMGET', base, 'horizon', 'seq', 'bytes', 'busy', 'rateTime', 'rateCount')
local horizon = tonumber(shared[1] or '0')
local neededUntil = 0
local function extendHorizon(untilMs)
if untilMs > neededUntil then neededUntil = untilMs end
end
local function writeHorizon()
if neededUntil <= horizon then return end
horizon = neededUntil + 3600000
redis.call('HSET', base, 'horizon', whole(horizon))
for _, key in ipairs({ base, WAITING, DELAYED, LEASES, DEADLINES, RETAINED, DEAD, HOOKS }) do
redis.call('PEXPIREAT', key, whole(horizon))
end
end
local dropped, indexed, freed, put, told, bytesMore = {}, {}, {}, {}, {}, 0
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
local function settle()
for set, members in pairs(dropped) do redis.call('ZREM', set, unpack(members)) end
if #freed > 0 then redis.call('UNLINK', unpack(freed)) end
for _, command in ipairs(put) do redis.call(unpack(command)) end
writeHorizon()
for set, entries in pairs(indexed) do
if redis.call('ZADD', set, unpack(entries)) == redis.call('ZCARD', set) then
redis.call('PEXPIREAT', set, whole(horizon))
end
end
if bytesMore ~= 0 then redis.call('HINCRBY', base, 'bytes', bytesMore) end
if #told > 0 then redis.call('PUBLISH', base .. ':changes', table.concat(told, ' ')) end
dropped, indexed, freed, put, told, bytesMore = {}, {}, {}, {}, {}, 0
end
local placeOf = { queued = WAITING, delayed = DELAYED, running = LEASES }
local function untilOf(value) return tonumber(value or '0') end
local function read(id)
local r = redis.call('HMGET', recordKey(id), 's', 'b', 'a', 'w', 'u', 'e')
return { state = r[1], payload = tonumber(r[2]), answer = tonumber(r[3] or '0'), webhook = r[4], untilMs = untilOf(r[5]),
hasStream = r[3] and true, err = r[6] }
end
local function finish(id, r, outcome, err, token, answer)
local key, removeAt, held = recordKey(id), now + retention, r.answer
drop(placeOf[r.state], id)
drop(DEADLINES, id)
if outcome == 'failed' then
held = held + r.payload
later('PEXPIREAT', payloadKey(id), whole(removeAt))
index(DEAD, whole(now), id)
else
addBytes(0 - r.payload)
if answer then
later('SET', payloadKey(id), answer, 'PXAT', whole(removeAt))
else
free(payloadKey(id))
end
end
later('HSET', key, 's', 'done', 'x', outcome, 'e', err, 'k', token, 'ct', whole(now), 'rm', whole(removeAt), 'held', whole(held))
if removeAt > r.untilMs or r.hasStream then
later('PEXPIREAT', key, whole(removeAt))
later('PEXPIREAT', streamKey(id), whole(removeAt))
end
extendHorizon(removeAt)
index(RETAINED, whole(removeAt), whole(held) .. ':' .. id)
if r.webhook then
index(HOOKS, whole(now), id)
redis.call('PUBLISH', base .. ':hooks!', '')
end
changed(id)
end
local function expire(id, r)
local err = 'expired: not finished within its time to live'
if r.err and r.err ~= '' then err = err .. '; last try: ' .. r.err end
finish(id, r, 'expired', err, '')
end
local function forget(id, held)
drop(RETAINED, held .. ':' .. id)
drop(DEAD, id)
drop(HOOKS, id)
for _, key in ipairs({ recordKey(id), payloadKey(id), streamKey(id) }) do free(key) end
addBytes(0 - tonumber(held))
changed(id)
end
local id = ARGV[3]
local r = redis.call('HMGET', recordKey(id), 's', 'rm', 'held')
if not r[1] or (r[2] and tonumber(r[2]) <= now) then return 'not_found' end
if r[1] == 'done' then
forget(id, r[3])
settle()
return 'deleted'
end
finish(id, read(id), 'canceled', 'canceled', '')
settle()
if r[1] == 'running' then redis.call('PUBLISH', base .. ':cancel', id) end
return 'canceled'
`,
  claimDeliveries: `local base = KEYS[1]
local now = tonumber(ARGV[1])
if now == 0 then
local t = redis.call('TIME')
now = t[1] * 1000 + math.floor(t[2] / 1000)
end
local retention = tonumber(ARGV[2])
local WAITING, DELAYED, LEASES = base .. ':waiting', base .. ':delayed', base .. ':leases'
local DEADLINES, RETAINED = base .. ':deadlines', base .. ':retained'
local DEAD, HOOKS = base .. ':dead', base .. ':hooks'
local function recordKey(id) return base .. ':r:' .. id end
local function payloadKey(id) return base .. ':p:' .. id end
local function streamKey(id) return base .. ':s:' .. id end
local wholes = {}
local function whole(number)
local text = wholes[number]
if not text then
text = string.format('%d', number)
wholes[number] = text
end
return text
end
local function look(id)
local r = redis.call('HMGET', recordKey(id), 's', 'm', 'o', 'x', 'e', 'n', 'c', 'd', 'st', 'ct', 'rm', 'q')
if not r[1] or (r[11] and tonumber(r[11]) <= now) then return false end
local position = -1
if r[1] == 'queued' or r[1] == 'delayed' then
position = redis.call('ZCOUNT', WAITING, '-inf', '(' .. r[12])
end
return { id, r[1], r[2], r[3] or '', r[4] or '', r[5] or '', r[6] or '0', r[7], r[8], r[9] or '', r[10] or '', position }
end
local replies = {}
for _, id in ipairs(redis.call('ZRANGEBYSCORE', HOOKS, '-inf', now, 'LIMIT', 0, tonumber(ARGV[3]))) do
local status = look(id)
if status then
redis.call('ZADD', HOOKS, now + tonumber(ARGV[4]), id)
local attempt = redis.call('HINCRBY', recordKey(id), 'wa', 1)
replies[#replies + 1] = { attempt, redis.call('HGET', recordKey(id), 'w'), status }
else
redis.call('ZREM', HOOKS, id)
end
end
return replies
`,
  claim: `local base = KEYS[1]
local now = tonumber(ARGV[1])
if now == 0 then
local t = redis.call('TIME')
now = t[1] * 1000 + math.floor(t[2] / 1000)
end
local retention = tonumber(ARGV[2])
local WAITING, DELAYED, LEASES = base .. ':waiting', base .. ':delayed', base .. ':leases'
local DEADLINES, RETAINED = base .. ':deadlines', base .. ':retained'
local DEAD, HOOKS = base .. ':dead', base .. ':hooks'
local function recordKey(id) return base .. ':r:' .. id end
local function payloadKey(id) return base .. ':p:' .. id end
local function streamKey(id) return base .. ':s:' .. id end
local wholes = {}
local function whole(number)
local text = wholes[number]
if not text then
text = string.format('%d', number)
wholes[number] = text
end
return text
end
local shared = redis.call('HMGET', base, 'horizon', 'seq', 'bytes', 'busy', 'rateTime', 'rateCount')
local horizon = tonumber(shared[1] or '0')
local neededUntil = 0
local function extendHorizon(untilMs)
if untilMs > neededUntil then neededUntil = untilMs end
end
local function writeHorizon()
if neededUntil <= horizon then return end
horizon = neededUntil + 3600000
redis.call('HSET', base, 'horizon', whole(horizon))
for _, key in ipairs({ base, WAITING, DELAYED, LEASES, DEADLINES, RETAINED, DEAD, HOOKS }) do
redis.call('PEXPIREAT', key, whole(horizon))
end
end
local dropped, indexed, freed, put, told, bytesMore = {}, {}, {}, {}, {}, 0
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
local function settle()
for set, members in pairs(dropped) do redis.call('ZREM', set, unpack(members)) end
if #freed > 0 then redis.call('UNLINK', unpack(freed)) end
for _, command in ipairs(put) do redis.call(unpack(command)) end
writeHorizon()
for set, entries in pairs(indexed) do
if redis.call('ZADD', set, unpack(entries)) == redis.call('ZCARD', set) then
redis.call('PEXPIREAT', set, whole(horizon))
end
end
if bytesMore ~= 0 then redis.call('HINCRBY', base, 'bytes', bytesMore) end
if #told > 0 then redis.call('PUBLISH', base .. ':changes', table.concat(told, ' ')) end
dropped, indexed, freed, put, told, bytesMore = {}, {}, {}, {}, {}, 0
end
local function wakeIfFirst(added)
if redis.call('ZCARD', WAITING) == added then redis.call('PUBLISH', base .. ':work', '') end
end
local enqueued = 0
local function enqueue(id, seq)
index(WAITING, seq, id)
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
local key = recordKey(id)
local seq = redis.call('HGET', key, 'q')
if seq then
later('HSET', key, 's', 'queued')
enqueue(id, seq)
end
end
settleLine()
end
local placeOf = { queued = WAITING, delayed = DELAYED, running = LEASES }
local function untilOf(value) return tonumber(value or '0') end
local function read(id)
local r = redis.call('HMGET', recordKey(id), 's', 'b', 'a', 'w', 'u', 'e')
return { state = r[1], payload = tonumber(r[2]), answer = tonumber(r[3] or '0'), webhook = r[4], untilMs = untilOf(r[5]),
hasStream = r[3] and true, err = r[6] }
end
local function finish(id, r, outcome, err, token, answer)
local key, removeAt, held = recordKey(id), now + retention, r.answer
drop(placeOf[r.state], id)
drop(DEADLINES, id)
if outcome == 'failed' then
held = held + r.payload
later('PEXPIREAT', payloadKey(id), whole(removeAt))
index(DEAD, whole(now), id)
else
addBytes(0 - r.payload)
if answer then
later('SET', payloadKey(id), answer, 'PXAT', whole(removeAt))
else
free(payloadKey(id))
end
end
later('HSET', key, 's', 'done', 'x', outcome, 'e', err, 'k', token, 'ct', whole(now), 'rm', whole(removeAt), 'held', whole(held))
if removeAt > r.untilMs or r.hasStream then
later('PEXPIREAT', key, whole(removeAt))
later('PEXPIREAT', streamKey(id), whole(removeAt))
end
extendHorizon(removeAt)
index(RETAINED, whole(removeAt), whole(held) .. ':' .. id)
if r.webhook then
index(HOOKS, whole(now), id)
redis.call('PUBLISH', base .. ':hooks!', '')
end
changed(id)
end
local function expire(id, r)
local err = 'expired: not finished within its time to live'
if r.err and r.err ~= '' then err = err .. '; last try: ' .. r.err end
finish(id, r, 'expired', err, '')
end
local function forget(id, held)
drop(RETAINED, held .. ':' .. id)
drop(DEAD, id)
drop(HOOKS, id)
for _, key in ipairs({ recordKey(id), payloadKey(id), streamKey(id) }) do free(key) end
addBytes(0 - tonumber(held))
changed(id)
end
local most, token, lostToken, room = tonumber(ARGV[3]), ARGV[4], ARGV[6], tonumber(ARGV[7])
local leaseEnd = whole(now + tonumber(ARGV[5]))
local reply, payloadKeys, found, expired, isFull = { 0, 0, now }, {}, 0, 0, false
local function give(id, attempt, r)
found = found + 1
room = room - tonumber(r[6])
index(LEASES, leaseEnd, id)
payloadKeys[found] = payloadKey(id)
local at = #reply
reply[at + 1], reply[at + 2], reply[at + 3], reply[at + 4] = id, attempt, r[1], r[2]
reply[at + 5], reply[at + 6], reply[at + 7], reply[at + 8] = r[3], r[4] or '', r[5] or '', ''
end
local function giveAgain()
drop(LEASES, '')
for _, id in ipairs(redis.call('ZRANGE', LEASES, 0, -1)) do
local key = recordKey(id)
if redis.call('HGET', key, 'k') ~= lostToken then
elseif found < most then
later('HSET', key, 'k', token)
give(id, redis.call('HGET', key, 'n'), redis.call('HMGET', key, 'd', 'c', 'm', 'o', 'w', 'b'))
else
drop(LEASES, id)
later('HSET', key, 's', 'queued', 'k', '')
later('HINCRBY', key, 'n', -1)
enqueue(id, redis.call('HGET', key, 'q'))
end
end
settleLine()
end
local function take(id)
local key = recordKey(id)
local r = redis.call('HMGET', key, 'd', 'c', 'm', 'o', 'w', 'b', 'n')
if not r[1] then
drop(WAITING, id)
elseif tonumber(r[1]) <= now then
expire(id, read(id))
expired = expired + 1
elseif found > 0 and tonumber(r[6]) > room then
isFull = true
else
local attempt = tonumber(r[7] or '0') + 1
drop(WAITING, id)
later('HSET', key, 's', 'running', 'k', token, 'n', whole(attempt), 'st', whole(now))
changed(id)
give(id, attempt, r)
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
if found > 0 then
for i, payload in ipairs(redis.call('MGET', unpack(payloadKeys))) do reply[3 + 8 * i] = payload or '' end
end
reply[1] = redis.call('ZCARD', WAITING) > 0 and 1 or 0
reply[2] = expired
return reply
`,
  complete: `local base = KEYS[1]
local now = tonumber(ARGV[1])
if now == 0 then
local t = redis.call('TIME')
now = t[1] * 1000 + math.floor(t[2] / 1000)
end
local retention = tonumber(ARGV[2])
local WAITING, DELAYED, LEASES = base .. ':waiting', base .. ':delayed', base .. ':leases'
local DEADLINES, RETAINED = base .. ':deadlines', base .. ':retained'
local DEAD, HOOKS = base .. ':dead', base .. ':hooks'
local function recordKey(id) return base .. ':r:' .. id end
local function payloadKey(id) return base .. ':p:' .. id end
local function streamKey(id) return base .. ':s:' .. id end
local wholes = {}
local function whole(number)
local text = wholes[number]
if not text then
text = string.format('%d', number)
wholes[number] = text
end
return text
end
local shared = redis.call('HMGET', base, 'horizon', 'seq', 'bytes', 'busy', 'rateTime', 'rateCount')
local horizon = tonumber(shared[1] or '0')
local neededUntil = 0
local function extendHorizon(untilMs)
if untilMs > neededUntil then neededUntil = untilMs end
end
local function writeHorizon()
if neededUntil <= horizon then return end
horizon = neededUntil + 3600000
redis.call('HSET', base, 'horizon', whole(horizon))
for _, key in ipairs({ base, WAITING, DELAYED, LEASES, DEADLINES, RETAINED, DEAD, HOOKS }) do
redis.call('PEXPIREAT', key, whole(horizon))
end
end
local dropped, indexed, freed, put, told, bytesMore = {}, {}, {}, {}, {}, 0
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
local function settle()
for set, members in pairs(dropped) do redis.call('ZREM', set, unpack(members)) end
if #freed > 0 then redis.call('UNLINK', unpack(freed)) end
for _, command in ipairs(put) do redis.call(unpack(command)) end
writeHorizon()
for set, entries in pairs(indexed) do
if redis.call('ZADD', set, unpack(entries)) == redis.call('ZCARD', set) then
redis.call('PEXPIREAT', set, whole(horizon))
end
end
if bytesMore ~= 0 then redis.call('HINCRBY', base, 'bytes', bytesMore) end
if #told > 0 then redis.call('PUBLISH', base .. ':changes', table.concat(told, ' ')) end
dropped, indexed, freed, put, told, bytesMore = {}, {}, {}, {}, {}, 0
end
local placeOf = { queued = WAITING, delayed = DELAYED, running = LEASES }
local function untilOf(value) return tonumber(value or '0') end
local function read(id)
local r = redis.call('HMGET', recordKey(id), 's', 'b', 'a', 'w', 'u', 'e')
return { state = r[1], payload = tonumber(r[2]), answer = tonumber(r[3] or '0'), webhook = r[4], untilMs = untilOf(r[5]),
hasStream = r[3] and true, err = r[6] }
end
local function finish(id, r, outcome, err, token, answer)
local key, removeAt, held = recordKey(id), now + retention, r.answer
drop(placeOf[r.state], id)
drop(DEADLINES, id)
if outcome == 'failed' then
held = held + r.payload
later('PEXPIREAT', payloadKey(id), whole(removeAt))
index(DEAD, whole(now), id)
else
addBytes(0 - r.payload)
if answer then
later('SET', payloadKey(id), answer, 'PXAT', whole(removeAt))
else
free(payloadKey(id))
end
end
later('HSET', key, 's', 'done', 'x', outcome, 'e', err, 'k', token, 'ct', whole(now), 'rm', whole(removeAt), 'held', whole(held))
if removeAt > r.untilMs or r.hasStream then
later('PEXPIREAT', key, whole(removeAt))
later('PEXPIREAT', streamKey(id), whole(removeAt))
end
extendHorizon(removeAt)
index(RETAINED, whole(removeAt), whole(held) .. ':' .. id)
if r.webhook then
index(HOOKS, whole(now), id)
redis.call('PUBLISH', base .. ':hooks!', '')
end
changed(id)
end
local function expire(id, r)
local err = 'expired: not finished within its time to live'
if r.err and r.err ~= '' then err = err .. '; last try: ' .. r.err end
finish(id, r, 'expired', err, '')
end
local function forget(id, held)
drop(RETAINED, held .. ':' .. id)
drop(DEAD, id)
drop(HOOKS, id)
for _, key in ipairs({ recordKey(id), payloadKey(id), streamKey(id) }) do free(key) end
addBytes(0 - tonumber(held))
changed(id)
end
local function judge(state, holder, removeAt, token)
if holder ~= token or token == '' or (removeAt and tonumber(removeAt) <= now) then return 'lost' end
if state == 'running' then return 'holds' end
return 'repeated'
end
local function standing(id, token)
local r = redis.call('HMGET', recordKey(id), 's', 'k', 'rm')
return judge(r[1], r[2], r[3], token)
end
local function departed(count)
local busy = tonumber(shared[4] or '0')
local waits = redis.call('ZCARD', WAITING) > 0
if not waits and busy == 0 then return end
local fields = { 'busy', waits and whole(now) or '0' }
if busy > 0 then
local fade = 0.98 ^ count
fields[3], fields[4] = 'rateTime', tonumber(shared[5] or '0') * fade + (now - busy)
fields[5], fields[6] = 'rateCount', tonumber(shared[6] or '0') * fade + count
end
redis.call('HSET', base, unpack(fields))
end
local replies, ended, count = {}, {}, 0
local function complete(id, token, answer)
local r = redis.call('HMGET', recordKey(id), 's', 'k', 'rm', 'm', 'f', 'a', 'b', 'w', 'u')
local where = judge(r[1], r[2], r[3], token)
if where ~= 'holds' or ended[id] then return where == 'lost' and 0 or 1 end
ended[id] = true
local held = tonumber(r[6] or '0')
if r[6] and not r[5] then
free(streamKey(id))
addBytes(0 - held)
held = 0
end
local isKept = r[4] == 'async'
if isKept then
held = held + #answer
addBytes(#answer)
end
finish(id, { state = r[1], payload = tonumber(r[7]), answer = held, webhook = r[8], untilMs = untilOf(r[9]),
hasStream = r[6] and true }, 'answered', '', token, isKept and answer)
count = count + 1
return 1
end
for i = 1, tonumber(ARGV[3]) do
local at = i * 3
replies[i] = complete(ARGV[at + 1], ARGV[at + 2], ARGV[at + 3])
end
settle()
if count > 0 then departed(count) end
return replies
`,
  deadLetters: `local base = KEYS[1]
local now = tonumber(ARGV[1])
if now == 0 then
local t = redis.call('TIME')
now = t[1] * 1000 + math.floor(t[2] / 1000)
end
local retention = tonumber(ARGV[2])
local WAITING, DELAYED, LEASES = base .. ':waiting', base .. ':delayed', base .. ':leases'
local DEADLINES, RETAINED = base .. ':deadlines', base .. ':retained'
local DEAD, HOOKS = base .. ':dead', base .. ':hooks'
local function recordKey(id) return base .. ':r:' .. id end
local function payloadKey(id) return base .. ':p:' .. id end
local function streamKey(id) return base .. ':s:' .. id end
local wholes = {}
local function whole(number)
local text = wholes[number]
if not text then
text = string.format('%d', number)
wholes[number] = text
end
return text
end
local function look(id)
local r = redis.call('HMGET', recordKey(id), 's', 'm', 'o', 'x', 'e', 'n', 'c', 'd', 'st', 'ct', 'rm', 'q')
if not r[1] or (r[11] and tonumber(r[11]) <= now) then return false end
local position = -1
if r[1] == 'queued' or r[1] == 'delayed' then
position = redis.call('ZCOUNT', WAITING, '-inf', '(' .. r[12])
end
return { id, r[1], r[2], r[3] or '', r[4] or '', r[5] or '', r[6] or '0', r[7], r[8], r[9] or '', r[10] or '', position }
end
local replies = {}
for _, id in ipairs(redis.call('ZREVRANGE', DEAD, 0, tonumber(ARGV[3]) - 1)) do
local status = look(id)
if status then replies[#replies + 1] = status end
end
return replies
`,
  fail: `local base = KEYS[1]
local now = tonumber(ARGV[1])
if now == 0 then
local t = redis.call('TIME')
now = t[1] * 1000 + math.floor(t[2] / 1000)
end
local retention = tonumber(ARGV[2])
local WAITING, DELAYED, LEASES = base .. ':waiting', base .. ':delayed', base .. ':leases'
local DEADLINES, RETAINED = base .. ':deadlines', base .. ':retained'
local DEAD, HOOKS = base .. ':dead', base .. ':hooks'
local function recordKey(id) return base .. ':r:' .. id end
local function payloadKey(id) return base .. ':p:' .. id end
local function streamKey(id) return base .. ':s:' .. id end
local wholes = {}
local function whole(number)
local text = wholes[number]
if not text then
text = string.format('%d', number)
wholes[number] = text
end
return text
end
local shared = redis.call('HMGET', base, 'horizon', 'seq', 'bytes', 'busy', 'rateTime', 'rateCount')
local horizon = tonumber(shared[1] or '0')
local neededUntil = 0
local function extendHorizon(untilMs)
if untilMs > neededUntil then neededUntil = untilMs end
end
local function writeHorizon()
if neededUntil <= horizon then return end
horizon = neededUntil + 3600000
redis.call('HSET', base, 'horizon', whole(horizon))
for _, key in ipairs({ base, WAITING, DELAYED, LEASES, DEADLINES, RETAINED, DEAD, HOOKS }) do
redis.call('PEXPIREAT', key, whole(horizon))
end
end
local dropped, indexed, freed, put, told, bytesMore = {}, {}, {}, {}, {}, 0
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
local function settle()
for set, members in pairs(dropped) do redis.call('ZREM', set, unpack(members)) end
if #freed > 0 then redis.call('UNLINK', unpack(freed)) end
for _, command in ipairs(put) do redis.call(unpack(command)) end
writeHorizon()
for set, entries in pairs(indexed) do
if redis.call('ZADD', set, unpack(entries)) == redis.call('ZCARD', set) then
redis.call('PEXPIREAT', set, whole(horizon))
end
end
if bytesMore ~= 0 then redis.call('HINCRBY', base, 'bytes', bytesMore) end
if #told > 0 then redis.call('PUBLISH', base .. ':changes', table.concat(told, ' ')) end
dropped, indexed, freed, put, told, bytesMore = {}, {}, {}, {}, {}, 0
end
local function wakeIfFirst(added)
if redis.call('ZCARD', WAITING) == added then redis.call('PUBLISH', base .. ':work', '') end
end
local enqueued = 0
local function enqueue(id, seq)
index(WAITING, seq, id)
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
local key = recordKey(id)
local seq = redis.call('HGET', key, 'q')
if seq then
later('HSET', key, 's', 'queued')
enqueue(id, seq)
end
end
settleLine()
end
local placeOf = { queued = WAITING, delayed = DELAYED, running = LEASES }
local function untilOf(value) return tonumber(value or '0') end
local function read(id)
local r = redis.call('HMGET', recordKey(id), 's', 'b', 'a', 'w', 'u', 'e')
return { state = r[1], payload = tonumber(r[2]), answer = tonumber(r[3] or '0'), webhook = r[4], untilMs = untilOf(r[5]),
hasStream = r[3] and true, err = r[6] }
end
local function finish(id, r, outcome, err, token, answer)
local key, removeAt, held = recordKey(id), now + retention, r.answer
drop(placeOf[r.state], id)
drop(DEADLINES, id)
if outcome == 'failed' then
held = held + r.payload
later('PEXPIREAT', payloadKey(id), whole(removeAt))
index(DEAD, whole(now), id)
else
addBytes(0 - r.payload)
if answer then
later('SET', payloadKey(id), answer, 'PXAT', whole(removeAt))
else
free(payloadKey(id))
end
end
later('HSET', key, 's', 'done', 'x', outcome, 'e', err, 'k', token, 'ct', whole(now), 'rm', whole(removeAt), 'held', whole(held))
if removeAt > r.untilMs or r.hasStream then
later('PEXPIREAT', key, whole(removeAt))
later('PEXPIREAT', streamKey(id), whole(removeAt))
end
extendHorizon(removeAt)
index(RETAINED, whole(removeAt), whole(held) .. ':' .. id)
if r.webhook then
index(HOOKS, whole(now), id)
redis.call('PUBLISH', base .. ':hooks!', '')
end
changed(id)
end
local function expire(id, r)
local err = 'expired: not finished within its time to live'
if r.err and r.err ~= '' then err = err .. '; last try: ' .. r.err end
finish(id, r, 'expired', err, '')
end
local function forget(id, held)
drop(RETAINED, held .. ':' .. id)
drop(DEAD, id)
drop(HOOKS, id)
for _, key in ipairs({ recordKey(id), payloadKey(id), streamKey(id) }) do free(key) end
addBytes(0 - tonumber(held))
changed(id)
end
local function judge(state, holder, removeAt, token)
if holder ~= token or token == '' or (removeAt and tonumber(removeAt) <= now) then return 'lost' end
if state == 'running' then return 'holds' end
return 'repeated'
end
local function standing(id, token)
local r = redis.call('HMGET', recordKey(id), 's', 'k', 'rm')
return judge(r[1], r[2], r[3], token)
end
local function departed(count)
local busy = tonumber(shared[4] or '0')
local waits = redis.call('ZCARD', WAITING) > 0
if not waits and busy == 0 then return end
local fields = { 'busy', waits and whole(now) or '0' }
if busy > 0 then
local fade = 0.98 ^ count
fields[3], fields[4] = 'rateTime', tonumber(shared[5] or '0') * fade + (now - busy)
fields[5], fields[6] = 'rateCount', tonumber(shared[6] or '0') * fade + count
end
redis.call('HSET', base, unpack(fields))
end
local id, token, err, wait, counts = ARGV[3], ARGV[4], ARGV[5], tonumber(ARGV[6]), ARGV[7] == '1'
local where = standing(id, token)
if where ~= 'holds' then return where == 'lost' and 0 or 1 end
if wait < 0 then
finish(id, read(id), 'failed', err, token)
settle()
departed(1)
return 1
end
local key = recordKey(id)
drop(LEASES, id)
if not counts then later('HINCRBY', key, 'n', -1) end
if err ~= '' then later('HSET', key, 'e', err) end
local r = redis.call('HMGET', key, 'q', 'd', 'f')
if r[3] then
later('HDEL', key, 'f')
index(DEADLINES, r[2], id)
end
if wait > 0 then
later('HSET', key, 's', 'delayed')
index(DELAYED, whole(now + wait), id)
else
later('HSET', key, 's', 'queued')
enqueue(id, r[1])
end
changed(id)
settleLine()
return 1
`,
  figures: `local base = KEYS[1]
local now = tonumber(ARGV[1])
if now == 0 then
local t = redis.call('TIME')
now = t[1] * 1000 + math.floor(t[2] / 1000)
end
local retention = tonumber(ARGV[2])
local WAITING, DELAYED, LEASES = base .. ':waiting', base .. ':delayed', base .. ':leases'
local DEADLINES, RETAINED = base .. ':deadlines', base .. ':retained'
local DEAD, HOOKS = base .. ':dead', base .. ':hooks'
local function recordKey(id) return base .. ':r:' .. id end
local function payloadKey(id) return base .. ':p:' .. id end
local function streamKey(id) return base .. ':s:' .. id end
local wholes = {}
local function whole(number)
local text = wholes[number]
if not text then
text = string.format('%d', number)
wholes[number] = text
end
return text
end
local c = redis.call('HMGET', base, 'bytes', 'busy', 'rateTime', 'rateCount')
local first = redis.call('ZRANGE', WAITING, 0, 0)[1] or redis.call('ZRANGE', DELAYED, 0, 0)[1]
local oldest = first and redis.call('HGET', recordKey(first), 'c') or '-1'
local busy, rateTime, rateCount = tonumber(c[2] or '0'), tonumber(c[3] or '0'), tonumber(c[4] or '0')
if busy > 0 and rateCount > 0 and now - busy > rateTime / rateCount then rateTime = rateTime + (now - busy) end
return { redis.call('ZCARD', WAITING) + redis.call('ZCARD', DELAYED), redis.call('ZCARD', LEASES),
redis.call('ZCARD', DEAD), oldest, c[1] or '0', tostring(rateTime), tostring(rateCount) }
`,
  look: `local base = KEYS[1]
local now = tonumber(ARGV[1])
if now == 0 then
local t = redis.call('TIME')
now = t[1] * 1000 + math.floor(t[2] / 1000)
end
local retention = tonumber(ARGV[2])
local WAITING, DELAYED, LEASES = base .. ':waiting', base .. ':delayed', base .. ':leases'
local DEADLINES, RETAINED = base .. ':deadlines', base .. ':retained'
local DEAD, HOOKS = base .. ':dead', base .. ':hooks'
local function recordKey(id) return base .. ':r:' .. id end
local function payloadKey(id) return base .. ':p:' .. id end
local function streamKey(id) return base .. ':s:' .. id end
local wholes = {}
local function whole(number)
local text = wholes[number]
if not text then
text = string.format('%d', number)
wholes[number] = text
end
return text
end
local function look(id)
local r = redis.call('HMGET', recordKey(id), 's', 'm', 'o', 'x', 'e', 'n', 'c', 'd', 'st', 'ct', 'rm', 'q')
if not r[1] or (r[11] and tonumber(r[11]) <= now) then return false end
local position = -1
if r[1] == 'queued' or r[1] == 'delayed' then
position = redis.call('ZCOUNT', WAITING, '-inf', '(' .. r[12])
end
return { id, r[1], r[2], r[3] or '', r[4] or '', r[5] or '', r[6] or '0', r[7], r[8], r[9] or '', r[10] or '', position }
end
local status = look(ARGV[3])
if not status then return false end
if ARGV[4] == '1' then
local answer = status[5] == 'answered' and (redis.call('GET', payloadKey(ARGV[3])) or redis.call('GET', base .. ':a:' .. ARGV[3]))
return { status, answer or false }
end
return { status, false }
`,
  readStream: `local base = KEYS[1]
local now = tonumber(ARGV[1])
if now == 0 then
local t = redis.call('TIME')
now = t[1] * 1000 + math.floor(t[2] / 1000)
end
local retention = tonumber(ARGV[2])
local WAITING, DELAYED, LEASES = base .. ':waiting', base .. ':delayed', base .. ':leases'
local DEADLINES, RETAINED = base .. ':deadlines', base .. ':retained'
local DEAD, HOOKS = base .. ':dead', base .. ':hooks'
local function recordKey(id) return base .. ':r:' .. id end
local function payloadKey(id) return base .. ':p:' .. id end
local function streamKey(id) return base .. ':s:' .. id end
local wholes = {}
local function whole(number)
local text = wholes[number]
if not text then
text = string.format('%d', number)
wholes[number] = text
end
return text
end
local function look(id)
local r = redis.call('HMGET', recordKey(id), 's', 'm', 'o', 'x', 'e', 'n', 'c', 'd', 'st', 'ct', 'rm', 'q')
if not r[1] or (r[11] and tonumber(r[11]) <= now) then return false end
local position = -1
if r[1] == 'queued' or r[1] == 'delayed' then
position = redis.call('ZCOUNT', WAITING, '-inf', '(' .. r[12])
end
return { id, r[1], r[2], r[3] or '', r[4] or '', r[5] or '', r[6] or '0', r[7], r[8], r[9] or '', r[10] or '', position }
end
local id, after, most = ARGV[3], ARGV[4], tonumber(ARGV[5])
local status = look(id)
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
if status[2] == 'done' and #entries <= most then reply[1] = 1 end
return reply
`,
  renew: `local base = KEYS[1]
local now = tonumber(ARGV[1])
if now == 0 then
local t = redis.call('TIME')
now = t[1] * 1000 + math.floor(t[2] / 1000)
end
local retention = tonumber(ARGV[2])
local WAITING, DELAYED, LEASES = base .. ':waiting', base .. ':delayed', base .. ':leases'
local DEADLINES, RETAINED = base .. ':deadlines', base .. ':retained'
local DEAD, HOOKS = base .. ':dead', base .. ':hooks'
local function recordKey(id) return base .. ':r:' .. id end
local function payloadKey(id) return base .. ':p:' .. id end
local function streamKey(id) return base .. ':s:' .. id end
local wholes = {}
local function whole(number)
local text = wholes[number]
if not text then
text = string.format('%d', number)
wholes[number] = text
end
return text
end
local shared = redis.call('HMGET', base, 'horizon', 'seq', 'bytes', 'busy', 'rateTime', 'rateCount')
local horizon = tonumber(shared[1] or '0')
local neededUntil = 0
local function extendHorizon(untilMs)
if untilMs > neededUntil then neededUntil = untilMs end
end
local function writeHorizon()
if neededUntil <= horizon then return end
horizon = neededUntil + 3600000
redis.call('HSET', base, 'horizon', whole(horizon))
for _, key in ipairs({ base, WAITING, DELAYED, LEASES, DEADLINES, RETAINED, DEAD, HOOKS }) do
redis.call('PEXPIREAT', key, whole(horizon))
end
end
local dropped, indexed, freed, put, told, bytesMore = {}, {}, {}, {}, {}, 0
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
local function settle()
for set, members in pairs(dropped) do redis.call('ZREM', set, unpack(members)) end
if #freed > 0 then redis.call('UNLINK', unpack(freed)) end
for _, command in ipairs(put) do redis.call(unpack(command)) end
writeHorizon()
for set, entries in pairs(indexed) do
if redis.call('ZADD', set, unpack(entries)) == redis.call('ZCARD', set) then
redis.call('PEXPIREAT', set, whole(horizon))
end
end
if bytesMore ~= 0 then redis.call('HINCRBY', base, 'bytes', bytesMore) end
if #told > 0 then redis.call('PUBLISH', base .. ':changes', table.concat(told, ' ')) end
dropped, indexed, freed, put, told, bytesMore = {}, {}, {}, {}, {}, 0
end
local leaseEnd = now + tonumber(ARGV[3])
local replies = {}
drop(LEASES, '')
for at = 4, #ARGV, 2 do
local id, token = ARGV[at], ARGV[at + 1]
local key = recordKey(id)
local r = redis.call('HMGET', key, 's', 'k', 'd', 'f', 'x', 'rm')
local state = 'lost'
local isGone = r[6] and tonumber(r[6]) <= now
if r[1] == 'done' and not isGone and (r[5] == 'canceled' or r[5] == 'expired') then
state = r[5]
elseif r[1] == 'running' and r[2] == token then
if not r[4] and tonumber(r[3]) <= now then
state = 'expired'
else
state = 'held'
index(LEASES, whole(leaseEnd), id)
local keep = leaseEnd + retention
if r[4] then
for _, k in ipairs({ key, payloadKey(id), streamKey(id) }) do later('PEXPIREAT', k, whole(keep)) end
extendHorizon(keep)
end
end
end
replies[#replies + 1] = state
end
settle()
return replies
`,
  replay: `local base = KEYS[1]
local now = tonumber(ARGV[1])
if now == 0 then
local t = redis.call('TIME')
now = t[1] * 1000 + math.floor(t[2] / 1000)
end
local retention = tonumber(ARGV[2])
local WAITING, DELAYED, LEASES = base .. ':waiting', base .. ':delayed', base .. ':leases'
local DEADLINES, RETAINED = base .. ':deadlines', base .. ':retained'
local DEAD, HOOKS = base .. ':dead', base .. ':hooks'
local function recordKey(id) return base .. ':r:' .. id end
local function payloadKey(id) return base .. ':p:' .. id end
local function streamKey(id) return base .. ':s:' .. id end
local wholes = {}
local function whole(number)
local text = wholes[number]
if not text then
text = string.format('%d', number)
wholes[number] = text
end
return text
end
local shared = redis.call('HMGET', base, 'horizon', 'seq', 'bytes', 'busy', 'rateTime', 'rateCount')
local horizon = tonumber(shared[1] or '0')
local neededUntil = 0
local function extendHorizon(untilMs)
if untilMs > neededUntil then neededUntil = untilMs end
end
local function writeHorizon()
if neededUntil <= horizon then return end
horizon = neededUntil + 3600000
redis.call('HSET', base, 'horizon', whole(horizon))
for _, key in ipairs({ base, WAITING, DELAYED, LEASES, DEADLINES, RETAINED, DEAD, HOOKS }) do
redis.call('PEXPIREAT', key, whole(horizon))
end
end
local dropped, indexed, freed, put, told, bytesMore = {}, {}, {}, {}, {}, 0
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
local function settle()
for set, members in pairs(dropped) do redis.call('ZREM', set, unpack(members)) end
if #freed > 0 then redis.call('UNLINK', unpack(freed)) end
for _, command in ipairs(put) do redis.call(unpack(command)) end
writeHorizon()
for set, entries in pairs(indexed) do
if redis.call('ZADD', set, unpack(entries)) == redis.call('ZCARD', set) then
redis.call('PEXPIREAT', set, whole(horizon))
end
end
if bytesMore ~= 0 then redis.call('HINCRBY', base, 'bytes', bytesMore) end
if #told > 0 then redis.call('PUBLISH', base .. ':changes', table.concat(told, ' ')) end
dropped, indexed, freed, put, told, bytesMore = {}, {}, {}, {}, {}, 0
end
local placeOf = { queued = WAITING, delayed = DELAYED, running = LEASES }
local function untilOf(value) return tonumber(value or '0') end
local function read(id)
local r = redis.call('HMGET', recordKey(id), 's', 'b', 'a', 'w', 'u', 'e')
return { state = r[1], payload = tonumber(r[2]), answer = tonumber(r[3] or '0'), webhook = r[4], untilMs = untilOf(r[5]),
hasStream = r[3] and true, err = r[6] }
end
local function finish(id, r, outcome, err, token, answer)
local key, removeAt, held = recordKey(id), now + retention, r.answer
drop(placeOf[r.state], id)
drop(DEADLINES, id)
if outcome == 'failed' then
held = held + r.payload
later('PEXPIREAT', payloadKey(id), whole(removeAt))
index(DEAD, whole(now), id)
else
addBytes(0 - r.payload)
if answer then
later('SET', payloadKey(id), answer, 'PXAT', whole(removeAt))
else
free(payloadKey(id))
end
end
later('HSET', key, 's', 'done', 'x', outcome, 'e', err, 'k', token, 'ct', whole(now), 'rm', whole(removeAt), 'held', whole(held))
if removeAt > r.untilMs or r.hasStream then
later('PEXPIREAT', key, whole(removeAt))
later('PEXPIREAT', streamKey(id), whole(removeAt))
end
extendHorizon(removeAt)
index(RETAINED, whole(removeAt), whole(held) .. ':' .. id)
if r.webhook then
index(HOOKS, whole(now), id)
redis.call('PUBLISH', base .. ':hooks!', '')
end
changed(id)
end
local function expire(id, r)
local err = 'expired: not finished within its time to live'
if r.err and r.err ~= '' then err = err .. '; last try: ' .. r.err end
finish(id, r, 'expired', err, '')
end
local function forget(id, held)
drop(RETAINED, held .. ':' .. id)
drop(DEAD, id)
drop(HOOKS, id)
for _, key in ipairs({ recordKey(id), payloadKey(id), streamKey(id) }) do free(key) end
addBytes(0 - tonumber(held))
changed(id)
end
local seq, bytes, acceptedCount = tonumber(shared[2] or '0'), tonumber(shared[3] or '0'), 0
local waiting = redis.call('ZCARD', WAITING)
local queued = waiting + redis.call('ZCARD', DELAYED)
local areAllNew, accepted = false, {}
local function lookUp(ids)
local keys = {}
for i, id in ipairs(ids) do keys[i] = recordKey(id) end
areAllNew = redis.call('EXISTS', unpack(keys)) == 0
end
local function known(key, item)
if areAllNew and not accepted[item.id] then return nil end
local r = redis.call('HMGET', key, 'h', 'o', 'v', 'rm', 'q', 'held')
if not r[1] then return nil end
if r[4] and tonumber(r[4]) <= now then
forget(item.id, r[6])
bytes = bytes - tonumber(r[6])
settle()
return nil
end
if r[3] == item.token then return 'accepted', redis.call('ZCOUNT', WAITING, '-inf', '(' .. r[5]) end
if r[1] == item.fingerprint and (r[2] or '') == item.owner then return 'duplicate', 0 end
return 'conflict', 0
end
local function accept(limits, item)
local key = recordKey(item.id)
local outcome, number = known(key, item)
if outcome then return outcome, number end
local size = #item.payload
if queued >= limits.queue then return 'full', queued end
if item.reachable >= 0 and queued > item.reachable then return 'unreachable', queued end
if limits.bytes > 0 and bytes + size > limits.bytes then return 'quota_exceeded', bytes end
seq = seq + 1
local deadline = whole(now + item.ttl)
local removeAt = now + item.ttl + retention
local fields = { 's', 'queued', 'm', item.mode, 'h', item.fingerprint, 'v', item.token, 'q', whole(seq), 'c', whole(now),
'd', deadline, 'u', whole(removeAt), 'b', size }
if item.owner ~= '' then fields[#fields + 1] = 'o'; fields[#fields + 1] = item.owner end
if item.webhook ~= '' then fields[#fields + 1] = 'w'; fields[#fields + 1] = item.webhook end
redis.call('HSET', key, unpack(fields))
redis.call('PEXPIREAT', key, whole(removeAt))
redis.call('SET', payloadKey(item.id), item.payload, 'PXAT', whole(removeAt))
extendHorizon(removeAt)
addBytes(size)
bytes = bytes + size
index(DEADLINES, deadline, item.id)
index(WAITING, whole(seq), item.id)
accepted[item.id] = true
acceptedCount = acceptedCount + 1
queued = queued + 1
return 'accepted', queued - 1
end
local function settleAccepted()
if acceptedCount > 0 then later('HSET', base, 'seq', whole(seq)) end
settle()
if acceptedCount > 0 and waiting == 0 then redis.call('PUBLISH', base .. ':work', '') end
end
local old, new = ARGV[5], ARGV[6]
if not redis.call('ZSCORE', DEAD, old) then return false end
local r = redis.call('HMGET', recordKey(old), 'm', 'o', 'w', 'h', 'd', 'c', 'rm')
local payload = redis.call('GET', payloadKey(old))
if not r[1] or not payload or (r[7] and tonumber(r[7]) <= now) then return false end
local outcome, number = accept({ queue = tonumber(ARGV[3]), bytes = tonumber(ARGV[4]) }, {
id = new, token = ARGV[7], mode = r[1], owner = r[2] or '', webhook = r[3] or '', fingerprint = r[4],
ttl = tonumber(r[5]) - tonumber(r[6]), reachable = -1, payload = payload,
})
if outcome == 'accepted' then drop(DEAD, old) end
settleAccepted()
return { outcome, number }
`,
  settleDelivery: `local base = KEYS[1]
local now = tonumber(ARGV[1])
if now == 0 then
local t = redis.call('TIME')
now = t[1] * 1000 + math.floor(t[2] / 1000)
end
local retention = tonumber(ARGV[2])
local WAITING, DELAYED, LEASES = base .. ':waiting', base .. ':delayed', base .. ':leases'
local DEADLINES, RETAINED = base .. ':deadlines', base .. ':retained'
local DEAD, HOOKS = base .. ':dead', base .. ':hooks'
local function recordKey(id) return base .. ':r:' .. id end
local function payloadKey(id) return base .. ':p:' .. id end
local function streamKey(id) return base .. ':s:' .. id end
local wholes = {}
local function whole(number)
local text = wholes[number]
if not text then
text = string.format('%d', number)
wholes[number] = text
end
return text
end
if tonumber(ARGV[4]) < 0 then
redis.call('ZREM', HOOKS, ARGV[3])
elseif redis.call('ZSCORE', HOOKS, ARGV[3]) then
redis.call('ZADD', HOOKS, now + tonumber(ARGV[4]), ARGV[3])
end
return 1
`,
  startStream: `local base = KEYS[1]
local now = tonumber(ARGV[1])
if now == 0 then
local t = redis.call('TIME')
now = t[1] * 1000 + math.floor(t[2] / 1000)
end
local retention = tonumber(ARGV[2])
local WAITING, DELAYED, LEASES = base .. ':waiting', base .. ':delayed', base .. ':leases'
local DEADLINES, RETAINED = base .. ':deadlines', base .. ':retained'
local DEAD, HOOKS = base .. ':dead', base .. ':hooks'
local function recordKey(id) return base .. ':r:' .. id end
local function payloadKey(id) return base .. ':p:' .. id end
local function streamKey(id) return base .. ':s:' .. id end
local wholes = {}
local function whole(number)
local text = wholes[number]
if not text then
text = string.format('%d', number)
wholes[number] = text
end
return text
end
local function judge(state, holder, removeAt, token)
if holder ~= token or token == '' or (removeAt and tonumber(removeAt) <= now) then return 'lost' end
if state == 'running' then return 'holds' end
return 'repeated'
end
local function standing(id, token)
local r = redis.call('HMGET', recordKey(id), 's', 'k', 'rm')
return judge(r[1], r[2], r[3], token)
end
local id, token, head = ARGV[3], ARGV[4], ARGV[5]
if standing(id, token) ~= 'holds' then return 0 end
local key, stream = recordKey(id), streamKey(id)
redis.call('ZREM', DEADLINES, id)
redis.call('UNLINK', stream)
local r = redis.call('HMGET', key, 'z', 'a')
redis.call('HINCRBY', base, 'bytes', #head - tonumber(r[2] or '0'))
local sequence = tonumber(r[1] or '0') + 1
redis.call('HSET', key, 'f', sequence, 'z', sequence, 'a', #head)
redis.call('XADD', stream, sequence .. '-0', 'start', head)
redis.call('PEXPIRE', stream, redis.call('PTTL', key))
redis.call('PUBLISH', base .. ':c:' .. id, '')
return 1
`,
  submit: `local base = KEYS[1]
local now = tonumber(ARGV[1])
if now == 0 then
local t = redis.call('TIME')
now = t[1] * 1000 + math.floor(t[2] / 1000)
end
local retention = tonumber(ARGV[2])
local WAITING, DELAYED, LEASES = base .. ':waiting', base .. ':delayed', base .. ':leases'
local DEADLINES, RETAINED = base .. ':deadlines', base .. ':retained'
local DEAD, HOOKS = base .. ':dead', base .. ':hooks'
local function recordKey(id) return base .. ':r:' .. id end
local function payloadKey(id) return base .. ':p:' .. id end
local function streamKey(id) return base .. ':s:' .. id end
local wholes = {}
local function whole(number)
local text = wholes[number]
if not text then
text = string.format('%d', number)
wholes[number] = text
end
return text
end
local shared = redis.call('HMGET', base, 'horizon', 'seq', 'bytes', 'busy', 'rateTime', 'rateCount')
local horizon = tonumber(shared[1] or '0')
local neededUntil = 0
local function extendHorizon(untilMs)
if untilMs > neededUntil then neededUntil = untilMs end
end
local function writeHorizon()
if neededUntil <= horizon then return end
horizon = neededUntil + 3600000
redis.call('HSET', base, 'horizon', whole(horizon))
for _, key in ipairs({ base, WAITING, DELAYED, LEASES, DEADLINES, RETAINED, DEAD, HOOKS }) do
redis.call('PEXPIREAT', key, whole(horizon))
end
end
local dropped, indexed, freed, put, told, bytesMore = {}, {}, {}, {}, {}, 0
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
local function settle()
for set, members in pairs(dropped) do redis.call('ZREM', set, unpack(members)) end
if #freed > 0 then redis.call('UNLINK', unpack(freed)) end
for _, command in ipairs(put) do redis.call(unpack(command)) end
writeHorizon()
for set, entries in pairs(indexed) do
if redis.call('ZADD', set, unpack(entries)) == redis.call('ZCARD', set) then
redis.call('PEXPIREAT', set, whole(horizon))
end
end
if bytesMore ~= 0 then redis.call('HINCRBY', base, 'bytes', bytesMore) end
if #told > 0 then redis.call('PUBLISH', base .. ':changes', table.concat(told, ' ')) end
dropped, indexed, freed, put, told, bytesMore = {}, {}, {}, {}, {}, 0
end
local placeOf = { queued = WAITING, delayed = DELAYED, running = LEASES }
local function untilOf(value) return tonumber(value or '0') end
local function read(id)
local r = redis.call('HMGET', recordKey(id), 's', 'b', 'a', 'w', 'u', 'e')
return { state = r[1], payload = tonumber(r[2]), answer = tonumber(r[3] or '0'), webhook = r[4], untilMs = untilOf(r[5]),
hasStream = r[3] and true, err = r[6] }
end
local function finish(id, r, outcome, err, token, answer)
local key, removeAt, held = recordKey(id), now + retention, r.answer
drop(placeOf[r.state], id)
drop(DEADLINES, id)
if outcome == 'failed' then
held = held + r.payload
later('PEXPIREAT', payloadKey(id), whole(removeAt))
index(DEAD, whole(now), id)
else
addBytes(0 - r.payload)
if answer then
later('SET', payloadKey(id), answer, 'PXAT', whole(removeAt))
else
free(payloadKey(id))
end
end
later('HSET', key, 's', 'done', 'x', outcome, 'e', err, 'k', token, 'ct', whole(now), 'rm', whole(removeAt), 'held', whole(held))
if removeAt > r.untilMs or r.hasStream then
later('PEXPIREAT', key, whole(removeAt))
later('PEXPIREAT', streamKey(id), whole(removeAt))
end
extendHorizon(removeAt)
index(RETAINED, whole(removeAt), whole(held) .. ':' .. id)
if r.webhook then
index(HOOKS, whole(now), id)
redis.call('PUBLISH', base .. ':hooks!', '')
end
changed(id)
end
local function expire(id, r)
local err = 'expired: not finished within its time to live'
if r.err and r.err ~= '' then err = err .. '; last try: ' .. r.err end
finish(id, r, 'expired', err, '')
end
local function forget(id, held)
drop(RETAINED, held .. ':' .. id)
drop(DEAD, id)
drop(HOOKS, id)
for _, key in ipairs({ recordKey(id), payloadKey(id), streamKey(id) }) do free(key) end
addBytes(0 - tonumber(held))
changed(id)
end
local seq, bytes, acceptedCount = tonumber(shared[2] or '0'), tonumber(shared[3] or '0'), 0
local waiting = redis.call('ZCARD', WAITING)
local queued = waiting + redis.call('ZCARD', DELAYED)
local areAllNew, accepted = false, {}
local function lookUp(ids)
local keys = {}
for i, id in ipairs(ids) do keys[i] = recordKey(id) end
areAllNew = redis.call('EXISTS', unpack(keys)) == 0
end
local function known(key, item)
if areAllNew and not accepted[item.id] then return nil end
local r = redis.call('HMGET', key, 'h', 'o', 'v', 'rm', 'q', 'held')
if not r[1] then return nil end
if r[4] and tonumber(r[4]) <= now then
forget(item.id, r[6])
bytes = bytes - tonumber(r[6])
settle()
return nil
end
if r[3] == item.token then return 'accepted', redis.call('ZCOUNT', WAITING, '-inf', '(' .. r[5]) end
if r[1] == item.fingerprint and (r[2] or '') == item.owner then return 'duplicate', 0 end
return 'conflict', 0
end
local function accept(limits, item)
local key = recordKey(item.id)
local outcome, number = known(key, item)
if outcome then return outcome, number end
local size = #item.payload
if queued >= limits.queue then return 'full', queued end
if item.reachable >= 0 and queued > item.reachable then return 'unreachable', queued end
if limits.bytes > 0 and bytes + size > limits.bytes then return 'quota_exceeded', bytes end
seq = seq + 1
local deadline = whole(now + item.ttl)
local removeAt = now + item.ttl + retention
local fields = { 's', 'queued', 'm', item.mode, 'h', item.fingerprint, 'v', item.token, 'q', whole(seq), 'c', whole(now),
'd', deadline, 'u', whole(removeAt), 'b', size }
if item.owner ~= '' then fields[#fields + 1] = 'o'; fields[#fields + 1] = item.owner end
if item.webhook ~= '' then fields[#fields + 1] = 'w'; fields[#fields + 1] = item.webhook end
redis.call('HSET', key, unpack(fields))
redis.call('PEXPIREAT', key, whole(removeAt))
redis.call('SET', payloadKey(item.id), item.payload, 'PXAT', whole(removeAt))
extendHorizon(removeAt)
addBytes(size)
bytes = bytes + size
index(DEADLINES, deadline, item.id)
index(WAITING, whole(seq), item.id)
accepted[item.id] = true
acceptedCount = acceptedCount + 1
queued = queued + 1
return 'accepted', queued - 1
end
local function settleAccepted()
if acceptedCount > 0 then later('HSET', base, 'seq', whole(seq)) end
settle()
if acceptedCount > 0 and waiting == 0 then redis.call('PUBLISH', base .. ':work', '') end
end
local limits, token = { queue = tonumber(ARGV[3]), bytes = tonumber(ARGV[4]) }, ARGV[5]
local replies, ids = {}, {}
for i = 1, tonumber(ARGV[6]) do ids[i] = ARGV[7 + (i - 1) * 8] end
lookUp(ids)
for i = 1, tonumber(ARGV[6]) do
local at = 6 + (i - 1) * 8
replies[#replies + 1], replies[#replies + 2] = accept(limits, {
id = ARGV[at + 1], token = token .. i, mode = ARGV[at + 2], owner = ARGV[at + 3], webhook = ARGV[at + 4],
fingerprint = ARGV[at + 5], ttl = tonumber(ARGV[at + 6]), reachable = tonumber(ARGV[at + 7]), payload = ARGV[at + 8],
})
end
settleAccepted()
return replies
`,
  sweep: `local base = KEYS[1]
local now = tonumber(ARGV[1])
if now == 0 then
local t = redis.call('TIME')
now = t[1] * 1000 + math.floor(t[2] / 1000)
end
local retention = tonumber(ARGV[2])
local WAITING, DELAYED, LEASES = base .. ':waiting', base .. ':delayed', base .. ':leases'
local DEADLINES, RETAINED = base .. ':deadlines', base .. ':retained'
local DEAD, HOOKS = base .. ':dead', base .. ':hooks'
local function recordKey(id) return base .. ':r:' .. id end
local function payloadKey(id) return base .. ':p:' .. id end
local function streamKey(id) return base .. ':s:' .. id end
local wholes = {}
local function whole(number)
local text = wholes[number]
if not text then
text = string.format('%d', number)
wholes[number] = text
end
return text
end
local shared = redis.call('HMGET', base, 'horizon', 'seq', 'bytes', 'busy', 'rateTime', 'rateCount')
local horizon = tonumber(shared[1] or '0')
local neededUntil = 0
local function extendHorizon(untilMs)
if untilMs > neededUntil then neededUntil = untilMs end
end
local function writeHorizon()
if neededUntil <= horizon then return end
horizon = neededUntil + 3600000
redis.call('HSET', base, 'horizon', whole(horizon))
for _, key in ipairs({ base, WAITING, DELAYED, LEASES, DEADLINES, RETAINED, DEAD, HOOKS }) do
redis.call('PEXPIREAT', key, whole(horizon))
end
end
local dropped, indexed, freed, put, told, bytesMore = {}, {}, {}, {}, {}, 0
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
local function settle()
for set, members in pairs(dropped) do redis.call('ZREM', set, unpack(members)) end
if #freed > 0 then redis.call('UNLINK', unpack(freed)) end
for _, command in ipairs(put) do redis.call(unpack(command)) end
writeHorizon()
for set, entries in pairs(indexed) do
if redis.call('ZADD', set, unpack(entries)) == redis.call('ZCARD', set) then
redis.call('PEXPIREAT', set, whole(horizon))
end
end
if bytesMore ~= 0 then redis.call('HINCRBY', base, 'bytes', bytesMore) end
if #told > 0 then redis.call('PUBLISH', base .. ':changes', table.concat(told, ' ')) end
dropped, indexed, freed, put, told, bytesMore = {}, {}, {}, {}, {}, 0
end
local function wakeIfFirst(added)
if redis.call('ZCARD', WAITING) == added then redis.call('PUBLISH', base .. ':work', '') end
end
local enqueued = 0
local function enqueue(id, seq)
index(WAITING, seq, id)
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
local key = recordKey(id)
local seq = redis.call('HGET', key, 'q')
if seq then
later('HSET', key, 's', 'queued')
enqueue(id, seq)
end
end
settleLine()
end
local placeOf = { queued = WAITING, delayed = DELAYED, running = LEASES }
local function untilOf(value) return tonumber(value or '0') end
local function read(id)
local r = redis.call('HMGET', recordKey(id), 's', 'b', 'a', 'w', 'u', 'e')
return { state = r[1], payload = tonumber(r[2]), answer = tonumber(r[3] or '0'), webhook = r[4], untilMs = untilOf(r[5]),
hasStream = r[3] and true, err = r[6] }
end
local function finish(id, r, outcome, err, token, answer)
local key, removeAt, held = recordKey(id), now + retention, r.answer
drop(placeOf[r.state], id)
drop(DEADLINES, id)
if outcome == 'failed' then
held = held + r.payload
later('PEXPIREAT', payloadKey(id), whole(removeAt))
index(DEAD, whole(now), id)
else
addBytes(0 - r.payload)
if answer then
later('SET', payloadKey(id), answer, 'PXAT', whole(removeAt))
else
free(payloadKey(id))
end
end
later('HSET', key, 's', 'done', 'x', outcome, 'e', err, 'k', token, 'ct', whole(now), 'rm', whole(removeAt), 'held', whole(held))
if removeAt > r.untilMs or r.hasStream then
later('PEXPIREAT', key, whole(removeAt))
later('PEXPIREAT', streamKey(id), whole(removeAt))
end
extendHorizon(removeAt)
index(RETAINED, whole(removeAt), whole(held) .. ':' .. id)
if r.webhook then
index(HOOKS, whole(now), id)
redis.call('PUBLISH', base .. ':hooks!', '')
end
changed(id)
end
local function expire(id, r)
local err = 'expired: not finished within its time to live'
if r.err and r.err ~= '' then err = err .. '; last try: ' .. r.err end
finish(id, r, 'expired', err, '')
end
local function forget(id, held)
drop(RETAINED, held .. ':' .. id)
drop(DEAD, id)
drop(HOOKS, id)
for _, key in ipairs({ recordKey(id), payloadKey(id), streamKey(id) }) do free(key) end
addBytes(0 - tonumber(held))
changed(id)
end
local most, attemptsAllowed = tonumber(ARGV[3]), tonumber(ARGV[4])
local expired, takenBack, dead, removed = 0, 0, 0, 0
local function due(set) return redis.call('ZRANGEBYSCORE', set, '-inf', whole(now), 'LIMIT', 0, most) end
for _, id in ipairs(due(DEADLINES)) do
local r = read(id)
if r.state and r.state ~= 'done' then
expire(id, r)
expired = expired + 1
else
for _, set in ipairs({ DEADLINES, WAITING, DELAYED }) do drop(set, id) end
end
end
settle()
for _, id in ipairs(due(LEASES)) do
local key = recordKey(id)
local r = redis.call('HMGET', key, 's', 'n', 'q', 'd', 'f')
drop(LEASES, id)
if r[1] == 'running' then
takenBack = takenBack + 1
if tonumber(r[2]) >= attemptsAllowed then
finish(id, read(id), 'failed', 'lease_lost: its replica stopped answering during attempt ' .. r[2], '')
dead = dead + 1
else
later('HSET', key, 's', 'queued', 'k', '')
if r[5] then
later('HDEL', key, 'f')
index(DEADLINES, r[4], id)
end
enqueue(id, r[3])
changed(id)
end
end
end
settleLine()
for _, member in ipairs(due(RETAINED)) do
local held, id = string.match(member, '^(%d+):(.*)$')
forget(id, held)
removed = removed + 1
end
settle()
releaseDelayed(most)
if redis.call('EXISTS', WAITING, DELAYED, LEASES, RETAINED) == 0 and redis.call('EXISTS', base) == 1 then
redis.call('HSET', base, 'bytes', 0)
end
return { expired, takenBack, dead, removed }
`,
} as const;
