// Sends a span every few seconds on a connection that it keeps, by Go's client as it is.
package main

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"strconv"
	"strings"
	"time"
)

func main() {
	spans, _ := strconv.Atoi(os.Args[2])
	pause, _ := time.ParseDuration(os.Args[3] + "s")
	for number := 1; number <= spans; number++ {
		body := strings.Replace(os.Args[4], "NUMBER", fmt.Sprintf("%016x", number), 1)
		// A reader of unknown length, so that nothing can be sent a second time.
		request, _ := http.NewRequest("POST", os.Args[1], io.NopCloser(strings.NewReader(body)))
		request.Header.Set("content-type", "application/json")
		answer, err := http.DefaultClient.Do(request)
		if err != nil {
			fmt.Fprintln(os.Stderr, number, err)
		} else {
			io.Copy(io.Discard, answer.Body)
			answer.Body.Close()
			if answer.StatusCode != 200 {
				fmt.Fprintln(os.Stderr, number, answer.Status)
			}
		}
		if number < spans {
			time.Sleep(pause)
		}
	}
}
