-- Sidecars of before kept a request as a hash (s state, m mode, o owner, w webhook, h fingerprint, q seq, n attempts, c created,
-- d deadline, a stream bytes, k token, st started, ct completed, x outcome, e error, rm removal, f and z sequences of the stream,
-- wa deliveries, held bytes while done) with its payload, later its answer, under base:p:<id>; before that the answer had base:a:<id>.
-- They cannot read what we write, but take no harm: their steps fail whole on it. So only steps that have to write rewrite one.
local LETTERS = { queued = 'q', delayed = 'd', running = 'r', done = 'x', answered = 'a', failed = 'f', expired = 'e', canceled = 'c',
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

-- UNLINK goes first: what removes something may write also when the memory is full (gather.lua).
local function rewrite(id, bytes)
  local key = recordKey(id)
  local left = redis.call('PTTL', key)
  redis.call('UNLINK', key, base .. ':p:' .. id, base .. ':a:' .. id)
  redis.call('SET', key, bytes, 'PX', math.max(left, 1))
  return bytes
end
