import type { Script } from './connection.js';

export const windowMs = 60_000;

/**
 * Reads one window counter: this minute's and last minute's count. A clock that went back stays in the newer window, so a
 * jump cannot reset a counter twice.
 */
const readWindow = `
local function read(key, window)
  local held = redis.call('HMGET', key, 'w', 'c', 'p')
  local w, c, p = tonumber(held[1]) or window, tonumber(held[2]) or 0, tonumber(held[3]) or 0
  if w == window - 1 then w, p, c = window, c, 0
  elseif w < window then w, p, c = window, 0, 0 end
  return w, c, p
end
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local window = math.floor(now / ${windowMs})
local share = 1 - (now % ${windowMs}) / ${windowMs}
`;

/**
 * All or nothing. KEYS: one per check. ARGV: reservation id, its lease in ms, then kind, limit and cost of each check.
 * Kinds: `w` a sliding window (this minute, and last minute's share of it), `s` slots held by id until they expire, `p` a
 * window that is only looked at.
 * Answers: the number of the check that refused (0 none), ms to wait, then what each check had used before.
 */
export const reserveScript: Script = {
  name: 'writReserve',
  lua: `${readWindow}
local used, state = {}, {}
local refused, wait = 0, 0
for i = 1, #KEYS do
  local kind, limit, cost = ARGV[3 * i], tonumber(ARGV[3 * i + 1]), tonumber(ARGV[3 * i + 2])
  if kind == 's' then
    redis.call('ZREMRANGEBYSCORE', KEYS[i], '-inf', now)
    used[i] = redis.call('ZCARD', KEYS[i])
    if used[i] + cost > limit and refused == 0 then refused, wait = i, 1000 end
  else
    local w, c, p = read(KEYS[i], window)
    state[i] = { w, c, p }
    used[i] = c + math.ceil(p * share)
    if kind == 'w' and used[i] + cost > limit and refused == 0 then
      refused, wait = i, math.ceil(share * ${windowMs})
      if c + cost <= limit and p > 0 then wait = math.ceil((share - (limit - c - cost) / p) * ${windowMs}) end
    end
  end
end
local answer = { refused, wait }
for i = 1, #KEYS do
  local cost = tonumber(ARGV[3 * i + 2])
  if refused == 0 then
    if ARGV[3 * i] == 's' then
      redis.call('ZADD', KEYS[i], now + ARGV[2], ARGV[1])
      redis.call('PEXPIRE', KEYS[i], ARGV[2])
    elseif ARGV[3 * i] == 'w' then
      local s = state[i]
      redis.call('HSET', KEYS[i], 'w', s[1], 'c', s[2] + cost, 'p', s[3])
      redis.call('PEXPIRE', KEYS[i], ${2 * windowMs})
    end
  end
  answer[i + 2] = used[i]
end
return answer
`,
};

/** KEYS as reserved. ARGV: reservation id, then kind and correction of each. A window never goes below zero. */
export const settleScript: Script = {
  name: 'writSettle',
  lua: `${readWindow}
for i = 1, #KEYS do
  if ARGV[2 * i] == 's' then
    redis.call('ZREM', KEYS[i], ARGV[1])
  elseif redis.call('EXISTS', KEYS[i]) == 1 then
    local w, c, p = read(KEYS[i], window)
    redis.call('HSET', KEYS[i], 'w', w, 'c', math.max(0, c + ARGV[2 * i + 1]), 'p', p)
    redis.call('PEXPIRE', KEYS[i], ${2 * windowMs})
  end
end
return 1
`,
};
