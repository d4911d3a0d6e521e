package ticketing_test

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"

	"hotline1022/ticketing"
)

// Intake as the API does it, without HTTP: 64 senders, each with a name and a number, durable. tickets/s.
func BenchmarkReceive(b *testing.B) {
	o := open(b)
	var n atomic.Int64
	b.SetParallelism(64)
	b.ReportAllocs()
	b.ResetTimer()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			k := n.Add(1)
			in := ticketing.Incoming{
				Key: fmt.Sprintf("api:load:%d", k), Print: "p", Channel: ticketing.App, Kind: ticketing.Report,
				Text:    fmt.Sprintf("Đèn đường trước số nhà %d bị hỏng ba hôm nay, buổi tối đi lại rất nguy hiểm, đề nghị đơn vị sớm kiểm tra và sửa giúp bà con trong hẻm.", k),
				Address: fmt.Sprintf("kiệt %d đường Nguyễn Văn Linh", k%500), Name: "Nguyễn Văn An", Phone: fmt.Sprintf("0905%06d", k%1_000_000),
				Visibility: ticketing.Public,
			}
			if _, err := o.Receive(context.Background(), citizen, in); err != nil {
				b.Error(err)
			}
		}
	})
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "tickets/s")
}
