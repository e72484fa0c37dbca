import type { Script } from './connection.js';

export const windowMs = 60_000;

/**
 * Everything that one process asks of one tenant's counters in one turn, in one script. KEYS[1] is the tenant's tag, ARGV[1] the
 * operations as JSON, each a list:
 *   `r`, id, lease in ms, tokens, number of counters, then of each its name and its limits of requests, tokens and
 *        concurrency (-1 for none), then names that are only looked at: reserves one request of all counters or of none.
 *   `s`, id, correction of the tokens (0 also where they were not counted here), then counters as above: settles.
 *   `a`, requests, tokens, then names: adds, or takes back, without a limit.
 * Answers, joined by spaces, for each `r`: 0, or 1 + 3 * counter + kind of the limit that refused; ms to wait; what each
 * counter had used of the three before; requests and tokens of each name that was looked at.
 *
 * A counter is this minute's and last minute's count, and a share of the latter counts. A clock that went back stays in the
 * newer window, so a jump cannot reset a counter twice. Slots are held by id until they expire. Each counter is read and
 * written once, however many operations touch it.
 */
export const countScript: Script = {
  name: 'writCount',
  lua: `
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local window = math.floor(now / ${windowMs})
local share = 1 - (now % ${windowMs}) / ${windowMs}
local rates, slots, answer = {}, {}, {}

local function rate(name)
  local held = rates[name]
  if held then return held end
  local v = redis.call('HMGET', KEYS[1] .. 'rates:' .. name, 'w', 'r', 'rp', 't', 'tp')
  held = { w = tonumber(v[1]) or window, r = tonumber(v[2]) or 0, rp = tonumber(v[3]) or 0,
    t = tonumber(v[4]) or 0, tp = tonumber(v[5]) or 0, exists = v[1] and true or false }
  if held.w == window - 1 then held.w, held.rp, held.r, held.tp, held.t = window, held.r, 0, held.t, 0
  elseif held.w < window then held.w, held.rp, held.r, held.tp, held.t = window, 0, 0, 0, 0 end
  rates[name] = held
  return held
end

local function slot(name)
  local held = slots[name]
  if held then return held end
  local key = KEYS[1] .. 'slots:' .. name
  redis.call('ZREMRANGEBYSCORE', key, '-inf', now)
  held = { key = key, count = redis.call('ZCARD', key) }
  slots[name] = held
  return held
end

local function waitFor(count, previous, cost, limit)
  if count + cost <= limit and previous > 0 then return math.ceil((share - (limit - count - cost) / previous) * ${windowMs}) end
  return math.ceil(share * ${windowMs})
end

local function reserve(op)
  local tokens, last = op[4], 5 + 4 * op[5]
  local refused, wait, used = 0, 0, {}
  for i = 6, last, 4 do
    local first = 1 + 3 * (i - 6) / 4
    local r, t, s = 0, 0, 0
    if op[i + 1] >= 0 or op[i + 2] >= 0 then
      local held = rate(op[i])
      r, t = held.r + math.ceil(held.rp * share), held.t + math.ceil(held.tp * share)
      if refused == 0 and op[i + 1] >= 0 and r + 1 > op[i + 1] then
        refused, wait = first, waitFor(held.r, held.rp, 1, op[i + 1])
      elseif refused == 0 and op[i + 2] >= 0 and t + tokens > op[i + 2] then
        refused, wait = first + 1, waitFor(held.t, held.tp, tokens, op[i + 2])
      end
    end
    if op[i + 3] >= 0 then
      s = slot(op[i]).count
      if refused == 0 and s + 1 > op[i + 3] then refused, wait = first + 2, 1000 end
    end
    local n = #used
    used[n + 1], used[n + 2], used[n + 3] = r, t, s
  end
  for i = last + 1, #op do
    local held, n = rate(op[i]), #used
    used[n + 1], used[n + 2] = held.r + math.ceil(held.rp * share), held.t + math.ceil(held.tp * share)
  end
  if refused == 0 then
    for i = 6, last, 4 do
      if op[i + 1] >= 0 or op[i + 2] >= 0 then
        local held = rate(op[i])
        held.r, held.t, held.changed = held.r + 1, held.t + tokens, true
      end
      if op[i + 3] >= 0 then
        local held = slot(op[i])
        redis.call('ZADD', held.key, now + op[3], op[2])
        held.count, held.lease = held.count + 1, op[3]
      end
    end
  end
  local n = #answer
  answer[n + 1], answer[n + 2] = refused, wait
  for i = 1, #used do answer[n + 2 + i] = used[i] end
end

local function settle(op)
  for i = 4, #op, 4 do
    if op[i + 3] >= 0 then
      local held = slot(op[i])
      held.count = held.count - redis.call('ZREM', held.key, op[2])
    end
    if op[3] ~= 0 and op[i + 2] >= 0 then
      local held = rate(op[i])
      if held.exists or held.changed then held.t, held.changed = math.max(0, held.t + op[3]), true end
    end
  end
end

local function add(op)
  for i = 4, #op do
    local held = rate(op[i])
    if op[2] > 0 or held.exists or held.changed then
      held.r, held.t, held.changed = math.max(0, held.r + op[2]), math.max(0, held.t + op[3]), true
    end
  end
end

for _, op in ipairs(cjson.decode(ARGV[1])) do
  if op[1] == 'r' then reserve(op) elseif op[1] == 's' then settle(op) else add(op) end
end
for name, held in pairs(rates) do
  if held.changed then
    local key = KEYS[1] .. 'rates:' .. name
    redis.call('HSET', key, 'w', held.w, 'r', held.r, 'rp', held.rp, 't', held.t, 'tp', held.tp)
    redis.call('PEXPIRE', key, ${2 * windowMs})
  end
end
for _, held in pairs(slots) do
  if held.lease then redis.call('PEXPIRE', held.key, held.lease) end
end
return table.concat(answer, ' ')
`,
};
