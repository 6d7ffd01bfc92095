# Reads a JSON list of {"md": text, "opts": {option: value}} and prints what Jekyll makes of each, one JSON string a line.
# Needs the Debian packages jekyll and ruby-kramdown-parser-gfm.
require "json"
require "jekyll"
require "kramdown-parser-gfm"

$stdin.set_encoding("UTF-8")
$stdout.set_encoding("UTF-8")
defaults = Jekyll::Configuration::DEFAULTS["kramdown"]
JSON.parse($stdin.read).each do |c|
  config = { "kramdown" => defaults.merge(c["opts"] || {}), "highlighter" => "rouge" }
  puts JSON.generate(Jekyll::Converters::Markdown::KramdownParser.new(config).convert(c["md"]))
rescue StandardError, SystemStackError => e
  puts JSON.generate("kramdown fails: #{e.message[0, 100]}")
end
