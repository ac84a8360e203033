#!/bin/sh
# A tool that is not ours. An MCP server is any program that reads requests, one a line, and writes answers, one a line.
schema='{"type":"object","properties":{"day":{"type":"string","enum":["weekday","saturday","sunday"]}},"required":["day"]}'
tool='{"name":"opening_hours","description":"Tells when the depot is open.","inputSchema":'$schema'}'

answer() { printf '{"jsonrpc":"2.0","id":%s,%s}\n' "$id" "$1"; }
result() { answer '"result":'"$1"; }
text() { result '{"content":[{"type":"text","text":"'"$1"'"}]}'; }

while IFS= read -r line; do
  id=$(printf '%s' "$line" | sed -n 's/.*"id": *\([0-9][0-9]*\).*/\1/p')
  [ -n "$id" ] || continue # It is told something, and asked nothing.
  case $line in
    *'"initialize"'*)
      result '{"protocolVersion":"2025-11-25","capabilities":{"tools":{}},"serverInfo":{"name":"hours","version":"1"}}' ;;
    *'"tools/list"'*) result '{"tools":['"$tool"']}' ;;
    *'"saturday"'*) text 'from nine to one' ;;
    *'"sunday"'*) text 'closed' ;;
    *'"weekday"'*) text 'from eight to six' ;;
    *) answer '"error":{"code":-32601,"message":"not known here"}' ;;
  esac
done
