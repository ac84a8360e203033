-- What wrk sends: `SendMessage` of JSON-RPC, each with an id of its own, so that no server answers from what it remembers.
-- Threads and runs begin at numbers of their own. A line `RESULT {json}` at the end.
local threads = {}

function setup(thread)
  table.insert(threads, thread)
  thread:set("number", #threads)
end

function init()
  prefix = string.format("%d-%d", os.time(), number)
  sent, bad, answered = 0, 0, 0
  wrk.headers["Content-Type"] = "application/json"
  wrk.headers["A2A-Version"] = "1.0"
end

function request()
  sent = sent + 1
  return wrk.format("POST", nil, nil, string.format(
    '{"jsonrpc":"2.0","id":1,"method":"SendMessage","params":{"message":{"messageId":"%s-%d","role":"ROLE_USER",'
      .. '"parts":[{"text":"hello echo, this is a small message of about sixty bytes"}]}}}', prefix, sent))
end

function response(status, _, body)
  answered = answered + 1
  if status ~= 200 or not body:find('"result"', 1, true) then bad = bad + 1 end
end

function done(summary, latency)
  local refused, read = 0, 0
  for _, thread in ipairs(threads) do
    refused, read = refused + thread:get("bad"), read + thread:get("answered")
  end
  local lost = summary.errors.connect + summary.errors.read + summary.errors.write + summary.errors.timeout
  io.write(string.format(
    'RESULT {"per_second":%.1f,"p50_ms":%.3f,"p99_ms":%.3f,"requests":%d,"bad":%d}\n',
    summary.requests / (summary.duration / 1e6), latency:percentile(50) / 1e3, latency:percentile(99) / 1e3,
    read, refused + lost))
end
