#!/bin/sh
# Writes seeds for mcp_fuzz: each tool with an answer of the receiver's form, a request of 2026-07-28, a batch. usage: mcp_seeds.sh FOLDER
set -eu
count=0
seed() { # VERSION METHOD NAME MESSAGE ANSWER
    count=$((count + 1))
    printf '%s\n%s\n%s\n%s\n%s' "$@" >"$folder/$count"
}
call() { # NAME ARGUMENTS ANSWER
    seed 2025-11-25 '' '' '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"'"$1"'","arguments":'"$2"'}}' "$3"
}
folder=$1
tree='{"type":"inuse_space","unit":"bytes","total":9,"base_total":3,"warnings":[],"nodes":[[0,0,9,4,3,1],[1,1,5,5,2,1]],"functions":[{"name":"a"},{"name":"b"}],"base":{"uploads_left_out":0},"growth":{"minutes":9,"processes":1}}'
call list_services '{"service":"shop","last_minutes":5}' '{"facets":[{"name":"service","values":[{"value":"shop","count":3}],"more":0}]}'
call list_profiles '{}' '{"attachments":[{"name":"heap.pprof","uploads":2,"pprof":true}],"types":[{"type":"cpu","unit":"ns","total":1,"c_total":0,"gauge":false}]}'
call findings '{"limit":5}' '{"headline":"a leak","complete":true,"not_looked_at":["x"],"findings":[{"kind":"leak","severity":"high","stack":["a"]}],"findings_left_out":0}'
call diff '{"profile":"heap.pprof","base":{"version":"1","host":"h"},"type":"cpu"}' "$tree"
call growth '{"profile":"heap.pprof","memory":"C"}' "$tree"
call owners '{"profile":"heap.pprof"}' '{"total":{"live":{"bytes":1,"blocks":1}},"owners":[{"function":{"name":"a","file":"f"},"line":3,"live":{"bytes":1}}],"owners_left_out":0}'
call export '{"profile":"heap.pprof","format":"pprof"}' ''
call top '{"profile":"heap.pprof","by":"stack","focus":"^main\\.(a|[b-d]+)$"}' ''
seed 2026-07-28 tools/call list_services '{"jsonrpc":"2.0","id":"a","method":"tools/call","params":{"name":"list_services","_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{}}}}' '{}'
seed 2026-07-28 server/discover '' '{"jsonrpc":"2.0","id":1,"method":"server/discover","params":{"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{}}}}' ''
seed 2025-03-26 '' '' '[{"jsonrpc":"2.0","id":1,"method":"ping"},{"jsonrpc":"2.0","method":"notifications/initialized"},{"id":2,"method":"tools/list"}]' ''
seed '' '' '' '{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-06-18"}}' ''
# A profile of one sample: cpu, 5 ns, of the function a.
for tool in '"top","arguments":{"profile":"p","by":"line","limit":5}' '"source","arguments":{"profile":"p","function":"a"}'; do
    call_of_profile='{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":'"$tool"'}}'
    seed '' '' '' "$call_of_profile" ''
    printf '\012\004\010\001\020\002\022\006\012\001\001\022\001\005\042\010\010\001\042\004\010\001\020\007\052\004\010\001\020\003\062\000\062\003cpu\062\002ns\062\001a' >>"$folder/$count"
done
