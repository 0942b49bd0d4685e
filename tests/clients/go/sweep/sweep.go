// Package sweep runs the checks of a client and prints one line for each.
//
// A check bears the name of the method that it is about; a method without a check is reported, too.
package sweep

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"reflect"
	"strings"
	"time"
)

const patience = 10 * time.Second

// Settings of the platform under test.
var (
	URL          = os.Getenv("BASE_URL")
	ServerToken  = os.Getenv("SERVER_API_TOKEN")
	AccountToken = os.Getenv("ACCOUNT_API_TOKEN")
	Sender       = os.Getenv("SENDER_EMAIL_ADDRESS")
	Recipient    = os.Getenv("RECIPIENT_EMAIL_ADDRESS")
	Domain       = os.Getenv("DOMAIN_NAME")
)

var checked = map[string]bool{}

// Check runs one check.
func Check(method string, body func()) {
	checked[method] = true
	defer func() {
		if problem := recover(); problem != nil {
			fmt.Printf("FAIL %s: %s\n", method, strings.Join(strings.Fields(fmt.Sprint(problem)), " "))
			return
		}
		fmt.Printf("ok   %s\n", method)
	}()
	body()
}

// Must stops the check when a call failed.
func Must(err error) {
	if err != nil {
		panic(err)
	}
}

// Holds stops the check when something is not so; what follows tells what it is.
func Holds(condition bool, found ...interface{}) {
	if !condition {
		panic(fmt.Sprintf("not as expected: %+v", found))
	}
}

// Refused stops the check unless the call was refused with this text.
func Refused(err error, text string) {
	Holds(err != nil && strings.Contains(err.Error(), text), err)
}

// Soon asks until the answer is yes: what happens after sending takes a moment.
func Soon(question func() bool) {
	end := time.Now().Add(patience)
	for !question() {
		Holds(time.Now().Before(end), "not in time")
		time.Sleep(50 * time.Millisecond)
	}
}

// Get asks the platform without the client.
func Get(path string, into interface{}) {
	request, err := http.NewRequest("GET", URL+path, nil)
	Must(err)
	request.Header.Set("X-Postmark-Server-Token", ServerToken)
	answer, err := http.DefaultClient.Do(request)
	Must(err)
	defer answer.Body.Close()
	Must(json.NewDecoder(answer.Body).Decode(into))
}

// Only is the id of the only inbound message of a list.
func Only(path string) string {
	var found struct{ InboundMessages []struct{ MessageID string } }
	Get(path, &found)
	Holds(len(found.InboundMessages) == 1, found)
	return found.InboundMessages[0].MessageID
}

// Finish reports the methods of the client that no check is about.
func Finish(client interface{}) {
	offered := reflect.TypeOf(client)
	for number := 0; number < offered.NumMethod(); number++ {
		if name := offered.Method(number).Name; !checked[name] {
			fmt.Printf("FAIL %s: never called\n", name)
		}
	}
}
