# A Rails application that takes inbound mail with Action Mailbox's own ingress for Postmark.
#
# It prints its port, then a line of JSON for each mail that reaches a mailbox, until its input ends.
# The argument is a directory of its own, for the database and the stored mails.

require "json"
require "socket"
require "active_support/all"
require "rails"
require "active_record/railtie"
require "active_storage/engine"
require "action_controller/railtie"
require "action_mailbox/engine"
require "puma"
require "puma/server"

PLACE = ARGV.fetch(0)
ENV["RAILS_ENV"] = "production"
ENV["RAILS_INBOUND_EMAIL_PASSWORD"] = "a-secret"
ENV["DATABASE_URL"] = "sqlite3:#{PLACE}/rails.sqlite3"
$stdout.sync = true

class Receiver < Rails::Application
  config.root = PLACE
  config.load_defaults 6.1
  config.eager_load = false
  config.logger = Logger.new($stderr)
  config.log_level = :warn
  config.secret_key_base = "not secret"
  config.hosts.clear
  config.active_job.queue_adapter = :inline
  config.active_storage.service = :local
  config.active_storage.service_configurations = {
    "local" => { "service" => "Disk", "root" => "#{PLACE}/storage" },
  }
  config.action_mailbox.ingress = :postmark
  config.action_mailbox.incinerate = false
end

Receiver.initialize!

gems = %w[activestorage actionmailbox].map { |name| Gem.loaded_specs[name]&.gem_dir || Gem::Specification.find_by_name(name).gem_dir }
ActiveRecord::Migration.verbose = false
ActiveRecord::MigrationContext.new(gems.map { |gem| "#{gem}/db/migrate" }, ActiveRecord::SchemaMigration).migrate

class ApplicationMailbox < ActionMailbox::Base
  routing all: :told
end

class ToldMailbox < ApplicationMailbox
  def process
    puts JSON.generate(
      from: mail.header["From"].decoded,
      to: mail.to,
      subject: mail.subject,
      message_id: inbound_email.message_id,
      text: mail.text_part&.decoded,
      html: mail.html_part&.decoded,
      attachments: mail.attachments.map { |one| [one.filename, one.mime_type, one.decoded] },
    )
  end
end

server = Puma::Server.new(Rails.application, Puma::Events.null)
port = server.add_tcp_listener("127.0.0.1", 0).addr[1]
server.run
puts port
$stdin.read
server.stop(true)
