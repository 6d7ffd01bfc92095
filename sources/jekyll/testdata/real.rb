# Prints what Jekyll and jekyll-feed make of sites, one JSON object a line: what stands in the feed for each post and each
# document of a collection, and the text that stands in its page, without the layout around it.
# Run by go test -run Real -real DIR (Debian packages jekyll and ruby-jekyll-feed): ruby real.rb DIR...
require "jekyll"
require "jekyll-feed"
require "json"
require "tmpdir"

$stdout.set_encoding("UTF-8")
Jekyll.logger.log_level = ENV["VERBOSE"] ? :warn : :error
Jekyll.logger.messages.clear

# The expressions of jekyll-feed's own template (lib/jekyll-feed/feed.xml), one by one.
AUTHOR = <<~'LIQUID'
  {%- assign post_author = post.author | default: post.authors[0] | default: site.author -%}
  {%- assign post_author = site.data.authors[post_author] | default: post_author -%}
LIQUID
FIELDS = {
  "title"     => "{{ post.title | smartify | strip_html | normalize_whitespace }}",
  "url"       => "{{ post.url | absolute_url }}",
  "id"        => "{{ post.id | absolute_url }}",
  "published" => "{{ post.date | date_to_xmlschema }}",
  "updated"   => "{{ post.last_modified_at | default: post.date | date_to_xmlschema }}",
  "author"    => AUTHOR + '{{ post_author.name | default: post_author }}',
  "email"     => AUTHOR + '{{ post_author.email | default: nil }}',
  "uri"       => AUTHOR + '{{ post_author.uri | default: nil }}',
  "summary"   => "{% assign s = nil %}{% assign s = post.description | default: post.excerpt %}{% if s and s != empty %}{{ s }}{% endif %}",
  "image"     => "{% assign i = post.image.path | default: post.image %}{% if i %}" \
                 '{% unless i contains "://" %}{% assign i = i | absolute_url %}{% endunless %}{{ i }}{% endif %}',
  "lang"      => "{{ post.lang | default: site.lang }}",
}.transform_values { |t| Liquid::Template.parse(t) }

# A build ends at the first post with a bad date or tag; here that post is left out, so that the others can be compared.
def read(site)
  broken = []
  Jekyll::Document.class_eval do
    alias_method :read_all, :read unless method_defined?(:read_all)
    define_method(:read) do |opts = {}|
      read_all(opts)
    rescue StandardError => e
      broken << [relative_path, e.message]
      data["published"] = false
    end
  end
  site.reset
  site.read
  site.generate
  broken
end

def text(site, doc, template)
  template.render({ "post" => doc.to_liquid, "site" => site.site_payload["site"] }, :registers => { :site => site, :page => {} })
end

ARGV.each do |dir|
  dest = Dir.mktmpdir
  config = Jekyll.configuration("source" => dir, "destination" => dest, "disable_disk_cache" => true, "quiet" => true)
  config = config.merge("plugins" => ["jekyll-feed"], "theme" => nil, "strict_front_matter" => false, "lsi" => false, "safe" => true)
  site = Jekyll::Site.new(config)
  broken = read(site)
  payload = site.site_payload
  docs = site.collections.values.flat_map { |c| c.docs.map { |d| [c.label, d] } }
  broken.each { |path, msg| puts JSON.generate("dir" => dir, "path" => path, "broken" => msg[0, 300]) }
  docs.each do |_, doc|
    doc.renderer.layouts = {}
    doc.renderer.payload = payload
    doc.output = doc.renderer.run
  rescue Exception => e # rubocop:disable Lint/RescueException
    doc.data["broken here"] = "#{e.class}: #{e.message}"
  end
  docs.each do |label, doc|
    out = { "dir" => dir, "path" => doc.path.sub("#{site.source}/", ""), "collection" => label,
            "draft" => doc.data["draft"] == true, "write" => doc.write? }
    if (why = doc.data["broken here"])
      puts JSON.generate(out.merge("broken" => why[0, 300]))
      next
    end
    begin
      FIELDS.each { |name, t| out[name] = text(site, doc, t) }
      out["categories"] = doc.data["categories"].to_a.map(&:to_s)
      out["tags"] = doc.data["tags"].to_a.map(&:to_s)
      out["content"] = doc.content.to_s
    rescue Exception => e # rubocop:disable Lint/RescueException
      out["broken"] = "#{e.class}: #{e.message}"[0, 300]
    end
    puts JSON.generate(out)
  end
ensure
  FileUtils.rm_rf(dest) if dest
end
