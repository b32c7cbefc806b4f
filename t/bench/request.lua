-- wrk -s request.lua URL -- BODY-FILE KEY-FILE: the same POST over and over;
-- the figures go to stdout as one line of JSON.

local function read(name)
	local file = assert(io.open(name, "rb"))
	local bytes = file:read("*a")
	file:close()
	return bytes
end

function init(args)
	wrk.method = "POST"
	wrk.body = read(args[1])
	wrk.headers["Content-Type"] = "application/json"
	wrk.headers["x-api-key"] = read(args[2])
end

function done(summary, latency, requests)
	local errors = summary.errors
	io.write(string.format('{"requests":%d,"duration_us":%d,' ..
	    '"p50_us":%d,"p99_us":%d,"max_us":%d,' ..
	    '"errors":{"connect":%d,"read":%d,"write":%d,"timeout":%d}}\n',
	    summary.requests, summary.duration, latency:percentile(50),
	    latency:percentile(99), latency.max, errors.connect, errors.read,
	    errors.write, errors.timeout))
end
