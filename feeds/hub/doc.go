// Package hub is a WebSub hub (https://www.w3.org/TR/websub/) for the feeds of this server: programs subscribe to a feed, and
// get the whole document at the moment it changes.
//
// Any replica takes requests and verifies them ([Hub.ServeHTTP]). One of them, under a lease, follows the store's log and
// delivers ([Hub.Run]). What outlives the process are the subscriptions, the place in the log up to which everything was
// delivered, and the callbacks that still have to be served again.
package hub
