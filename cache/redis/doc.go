// Package redis is the store for several replicas: it holds everything in one Redis, 6.2 or newer, alone, behind
// Sentinel or as a Cluster.
//
// # Layout
//
// All keys of one feedmill share a prefix ("fm" unless the address says ?prefix=). Whatever must change together also
// shares the hash tag {prefix}, so that in a Cluster one node has it and one script can change it:
//
//	{fm}:meta         hash    schema, the counters seq, topics, labels, sources, and trimmed: the last cursor trimmed away
//	{fm}:src          set     names of sources
//	{fm}:sn           hash    number of a source -> its name
//	{fm}:s:SOURCE     hash    one source: no, about, baseline, items, retired, swept (retiring is done), op (the
//	                          last commit), from (a rename under way), merged (how many of the items are)
//	{fm}:sg:SOURCE    set     private groups that the source ever had items in
//	{fm}:k:SOURCE     hash    native key -> member
//	{fm}:i            hash    12 bytes of SHA-256 of a public ID -> member
//	{fm}:e            hash    member -> ledger entry, with the topics of the item and the saved feeds it was put into
//	{fm}:t:GROUP      hash    topic -> its number and first spelling; topic, line end, other spelling -> number of the spelling
//	{fm}:n            hash    number of a topic -> group and topic
//	{fm}:l            hash    number of a spelling -> how many items use it
//	{fm}:v            hash    topic -> version: count and second
//	{fm}:p:TOPIC      zset    members by second of Published
//	{fm}:a:TOPIC      zset    members by second of Arrived
//	{fm}:log          stream  field d: kind, source, item, topics
//	{fm}:w            hash    canonical address -> the live items that have it, in the order in which they came
//	{fm}:m:SOURCE     zset    merged items, which are in no topic, by second of Arrived
//	{fm}:h            zset    held members by the second in which they are due
//	{fm}:g            zset    bodies that no live or held item refers to, by the second in which they may go
//	{fm}:notes:BUCKET hash    key -> expiry and value
//	{fm}:x            zset    notes that expire, by second
//	{fm}:lease        hash    name -> token, end, nonce of the holder
//	fm:b:MEMBER.NONCE string  a compressed body; no tag: bodies are spread over the nodes
//
// A member is the item's number, written so that the order of bytes is the order of numbers: sorted sets
// break ties by bytes.
//
// # How a write happens
//
// A write is prepared in Go and committed by one script (lua/commit.lua): look at ledger entries, decide, write the
// new bodies under names nobody refers to yet, then commit. The commit checks the lease, checks that every fact the
// decision was built on still holds, and applies all effects, or none. Where a fact moved, the write is prepared anew.
// A commit carries a nonce that the source's record remembers, so one that ran twice (a retry after a lost answer)
// does its work once.
//
// Every body is at all times either referred to by a live or held item or listed in {fm}:g: the name of a new body is
// listed before it is written, and the commit that refers to it takes it off the list. So a crash leaves no garbage
// that Maintain does not find.
package redis
