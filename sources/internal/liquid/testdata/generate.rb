# Writes expected.json: what Jekyll itself makes of each line of cases.txt, with the variables of vars.json.
# Run by hand: ruby generate.rb (Debian: apt-get install jekyll).
require "jekyll"
require "json"
require "tmpdir"

ENV["TZ"] = "Asia/Shanghai"
here = __dir__
vars = JSON.parse(File.read(File.join(here, "vars.json")))
vars["page"]["date"] = Time.new(2026, 1, 2, 3, 4, 5.678901r, "+08:00").localtime
vars["page"]["utc"] = Time.utc(2026, 11, 24, 19, 6, 7)
vars["page"]["just"] = Date.new(2026, 3, 4)
vars["page"]["inc"] = "plain.html"
vars["page"]["frag"] = "ram"
Jekyll.logger.log_level = :error
Liquid::Template.error_mode = :warn
dir = Dir.mktmpdir
FileUtils.cp_r(File.join(here, "includes"), File.join(dir, "_includes"))
site = Jekyll::Site.new(Jekyll.configuration("source" => dir, "destination" => dir + "/_site", "quiet" => true))
site.reset
out = []
File.readlines(File.join(here, "cases.txt"), chomp: true).each do |line|
  next if line.empty? || line.start_with?("# ")
  text = line.gsub("⏎", "\n")
  env = Marshal.load(Marshal.dump(vars))
  want = begin
    Liquid::Template.parse(text, :line_numbers => true).render!(env, :registers => { :site => site, :page => nil })
  rescue StandardError => e
    "ERROR #{e.class}: #{e.message.lines.first&.chomp}"
  end
  out << { "in" => text, "want" => want }
end
File.write(File.join(here, "expected.json"), JSON.pretty_generate(out) + "\n")
puts out.size, out.count { |c| c["want"].start_with?("ERROR") }
out.each { |c| puts c["in"], c["want"] if c["want"].start_with?("ERROR") }
