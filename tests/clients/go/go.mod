module pillarbox.example/clients

go 1.18

require (
	github.com/keighl/postmark v0.0.0-20190821160221-28358b1a94e3
	github.com/mrz1836/postmark v1.7.4
)
