// SPDX-License-Identifier: Apache-2.0

package metrics

import (
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func drainAll(q *queue) (got []sample) {
	for i := range q.shards {
		for {
			c := q.take(&q.shards[i], true)
			if c == nil {
				break
			}
			got = append(got, c.samples[:c.n]...)
			q.free(c)
		}
	}
	return got
}

func TestQueueIsBoundedInBytes(t *testing.T) {
	var stats counters
	var q queue
	q.init(4, 10*chunkBytes, &stats)
	s := &series{hash: 1}
	const n = 20 * chunkSamples
	for i := range uint64(n) {
		q.add(s, i)
	}
	assert.Equal(t, 10*chunkSamples, q.waiting())
	assert.EqualValues(t, n-10*chunkSamples, stats.droppedQueue.Load())
	assert.Len(t, drainAll(&q), 10*chunkSamples)
	for i := range uint64(n) {
		q.add(s, i)
	}
	assert.Equal(t, 10*chunkSamples, q.waiting(), "room comes back")
}

func TestQueueKeepsTheOrderOfAHash(t *testing.T) {
	var stats counters
	var q queue
	q.init(4, 1<<20, &stats)
	a, b := &series{hash: 1}, &series{hash: 2}
	for i := range uint64(1000) {
		q.addInOrder(a, i)
		q.addInOrder(b, i)
	}
	next := map[*series]uint64{}
	for _, v := range drainAll(&q) {
		require.Equal(t, next[v.series], v.bits)
		next[v.series]++
	}
	assert.EqualValues(t, 1000, next[a])
}

func TestQueueLeavesPartsOfChunksUntilTheyAreWanted(t *testing.T) {
	var stats counters
	var q queue
	q.init(1, 1<<20, &stats)
	s := &series{}
	for i := range uint64(wakeChunks*chunkSamples + 5) {
		if i == wakeChunks*chunkSamples {
			assert.Empty(t, q.wake)
		}
		q.add(s, i)
	}
	assert.Len(t, q.wake, 1, "some full chunks wake the sender")
	var c *chunk
	for range wakeChunks {
		c = q.take(&q.shards[0], false)
		require.NotNil(t, c)
		assert.Equal(t, chunkSamples, c.n)
	}
	assert.Nil(t, q.take(&q.shards[0], false))
	c = q.take(&q.shards[0], true)
	require.NotNil(t, c)
	assert.Equal(t, 5, c.n)
}

func TestQueueCountsWhatComesAfterTheEnd(t *testing.T) {
	var stats counters
	var q queue
	q.init(2, 1<<20, &stats)
	var wg sync.WaitGroup
	const goroutines, each = 4, 10_000
	start := make(chan struct{})
	for g := range goroutines {
		s := &series{hash: uint64(g)}
		wg.Go(func() {
			<-start
			for i := range uint64(each) {
				q.add(s, i)
			}
		})
	}
	close(start)
	q.close()
	got := len(drainAll(&q))
	wg.Wait()
	assert.Zero(t, q.waiting())
	assert.EqualValues(t, goroutines*each, uint64(got)+stats.droppedClosed.Load()+stats.droppedQueue.Load())
}

func TestASmallQueueWakesTheSenderInTime(t *testing.T) {
	var stats counters
	var q queue
	q.init(1, 3*chunkBytes, &stats)
	s := &series{}
	for i := range uint64(2 * chunkSamples) {
		q.add(s, i)
	}
	assert.Len(t, q.wake, 1)
}
