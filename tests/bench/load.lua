-- Posts one chat completion over and over. MODEL and STREAM come from the environment.
local stream = os.getenv("STREAM") == "1"
wrk.method = "POST"
wrk.headers["Content-Type"] = "application/json"
wrk.headers["Authorization"] = "Bearer sk-bench"
wrk.body = '{"model": "' .. os.getenv("MODEL") .. '", "temperature": 0.7, "messages": ['
  .. '{"role": "system", "content": "You are a helpful assistant."}, '
  .. '{"role": "user", "content": "Tell me in one sentence what a gateway does."}]'
  .. (stream and ', "stream": true, "stream_options": {"include_usage": true}' or "") .. "}"

function done(summary, latency)
  local failed = summary.errors.status + summary.errors.connect + summary.errors.read + summary.errors.timeout
  io.write(string.format("RESULT %d %d %d %.1f\n", summary.requests, summary.duration, failed, latency:percentile(50)))
end
