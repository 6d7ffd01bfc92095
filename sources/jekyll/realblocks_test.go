package jekyll

import "strings"

// realBlocks are the pieces that the posts of TestReal are made of, with a line of four bars between them.
var realBlocks = strings.Split(strings.TrimSpace(`
Plain words in a paragraph, with "double" and 'single' quotes -- and dashes --- and dots...
||||
受大风影响，港区今晚八时起停止靠离泊作业，请各船公司提前安排，注意收听甚高频广播。
||||
中文与English混排，“引号”和‘单引号’，省略号……破折号——数字3.14%。
||||
A *very* **strong** ***both*** _under_ __strong__ word with `+"`code <b>`"+` and ~~gone~~ text.
||||
A [link](https://example.org/a "title"), a [ref][one], a [two] and <https://auto.example/x?a=b&c=d> and <mail@example.org>.

[one]: https://one.example "One"
[two]: /two
||||
![alt *text*](/img/a.png "t"){: .wide width="30"} and ![图](图片.png)
||||
## A heading with `+"`code`"+` & more {#own}
||||
### 港口通告
||||
Setext heading
==============
||||
Another *one*
---
||||
#### Heading, again! (2)
||||
* one
* two
  * nested
  * more

    paragraph in it
* three
||||
1. first
2. second
   continued
10. tenth
||||
- [ ] open
- [x] done
||||
- tight
- list

- loose now
||||
> quoted text
> > deeper
>
> - list in it
||||
`+"```ruby\ndef x(a)\n  puts \"#{a} < 3 & 4\"\nend\n```"+`
||||
`+"```\nplain <code> & more\n```"+`
||||
~~~ go
x := map[string]int{"a": 1}
~~~
{: .big #code}
||||
    indented code
      <b>more</b>
||||
| a | b | c |
|:--|:-:|--:|
| 1 | *2* | `+"`3|4`"+` |
| 左 | 中 | 右 |
||||
a | b
--|--
1 | 2
||||
| x | y |
|---+---|
| 1 | 2 |
|===
| f | g |
{: .table}
||||
Term
: definition one
: definition *two*

Other
: more
||||
Text with a footnote[^1] and another[^note].

[^1]: The *first* note.
[^note]: Long note

    with two paragraphs.
||||
*[HTML]: Hyper Text
The HTML word is explained.
||||
A paragraph with a class.
{: .lead #top style="color: red"}
||||
* TOC
{:toc}
||||
1. toc
{:toc}
||||
Inline $$a^2 + b^2 = c^2$$ math.

$$
\sum_{i=1}^n i = \frac{n(n+1)}{2}
$$
||||
<div class="raw">
  <p>raw *not markdown*</p>
</div>
||||
<div markdown="1">
inner *markdown*

- a list
</div>
||||
<span>inline *html*</span> and <br> and <b>bold</b>
||||
<p>受大风影响 <a href="//x.example/y?a=1&b=2">链接</a></p>
<p style="text-indent:2em">第二段</p>
||||
<table><tr><td>*x*</td><td markdown="span">*y*</td></tr></table>
||||
<details markdown="1">
<summary>more</summary>
hidden **text**
</details>
||||
<!-- a comment -->
||||
<iframe src="https://video.example/e/1" width="300"></iframe>
||||
Line one  
line two\\
line three
||||
Escapes: \* \_ \# \[ \] 1\. \`+"`"+` \\ and &amp; &copy; &#169; &nbsp; & alone < > x<y
||||
***
||||
- - -
||||
^
||||
{::comment}
not seen
{:/comment}
||||
{::nomarkdown}<i>*raw*</i>{:/}
||||
{% raw %}{{ not.liquid }} {% neither %}{% endraw %}
||||
{% comment %} nothing *here* {% endcomment %}
||||
{{ page.title }} by {{ page.author | default: "nobody" }} on {{ page.date | date: "%Y-%m-%d %H:%M:%S %z" }}
||||
{{ page.date | date_to_string }}, {{ page.date | date_to_long_string: "ordinal", "US" }}, {{ page.date | date_to_rfc822 }}, {{ page.date | date_to_xmlschema }}
||||
{{ page.url }} {{ page.id }} {{ page.path }} {{ page.relative_path }} {{ page.collection }} {{ page.slug }} {{ page.ext }} {{ page.name }}
||||
{{ page.categories | join: "/" }} {{ page.tags | array_to_sentence_string }} {{ page.tags | sort | first }} {{ page.categories | size }}
||||
{{ site.url }} {{ site.baseurl }} {{ site.title }} {{ site.motto | escape }} {{ site.numbers | sort | join: "," }} {{ site.author.name }} {{ site.missing.key }}
||||
{{ "/a.png" | relative_url }} {{ "b c.png" | absolute_url }} {{ "https://x.example/" | relative_url }} {{ page.url | absolute_url }} {{ "" | relative_url }} {{ "中" | absolute_url }}
||||
{% assign words = "a,b,c" | split: "," %}{% for w in words reversed %}{{ forloop.index }}{{ w }}{% unless forloop.last %}, {% endunless %}{% endfor %}
||||
{% for i in (1..5) %}{% if i == 2 %}{% continue %}{% endif %}{% if i > 4 %}{% break %}{% endif %}{% cycle "x", "y" %}{{ i }} {% else %}none{% endfor %}
||||
{% capture c %}captured {{ page.title | upcase }}{% endcapture %}{{ c | strip | truncate: 20 }}
||||
{% case page.ext %}{% when ".md", ".markdown" %}markdown{% when ".html" %}html{% else %}other{% endcase %}
||||
{% if page.flag and page.map.x == 1 or page.lang contains "zh" %}yes{% elsif page.list %}list {{ page.list | join: "+" }}{% else %}no{% endif %}
||||
{% unless page.draft %}published{% endunless %}
||||
{% include box.html %}
||||
{% include box.html text="given \"text\"" n=3 kind='k' %}
||||
{% include box.html text=page.title n=page.map.x %} after
||||
{% assign file = "box.html" %}{% include {{ file }} text="dynamic" %}
||||
{% include deep/inner.md v="chained" %}
||||
{% include_relative part.txt %}
||||
A [link]({% link _posts/2020-02-03-target.md %}), [page]({% link pages/about.md %}), [index]({% link index.html %}), [file]({% link files/plan.pdf %})
||||
[post]({% post_url 2020-02-03-target %}) and [other]({% post_url sub/2020-02-04-second %})
||||
{% highlight python %}
def f(x):
    return x < 3
{% endhighlight %}
||||
{% highlight ruby linenos %}
puts "hi"
{% endhighlight %}
||||
{% for s in site.data.ships %}* {{ s.name }}: {{ s.tons | times: 2 }}{% if s.built %} since {{ s.built }}{% endif %}
{% endfor %}
||||
{% assign big = site.data.ships | where: "sunk", true | first %}{{ big.name }} {{ site.data.ships | map: "tons" | sort | join: " " }} {{ site.data.fees[1].kind }} {{ site.data.deep.ports.north.piers | last }}
||||
{% assign sorted = site.data.ships | sort: "tons" %}{{ sorted | map: "name" | jsonify }} {{ site.data.ships | where_exp: "s", "s.tons > 100" | size }} {{ site.data.ships | group_by: "sunk" | size }}
||||
{{ "some *markdown* & 'text'" | markdownify }}
||||
{{ "it's -- smart..." | smartify }} {{ "A b C!" | slugify }} {{ "Ä ö" | slugify: "latin" }} {{ "x y" | cgi_escape }} {{ "x y/中" | uri_escape }} {{ "<a>" | xml_escape }}
||||
{{ "one two 三 四" | number_of_words }} {{ "一二三 four" | number_of_words: "cjk" }} {{ "auto 中文" | number_of_words: "auto" }}
||||
{{ 7 | divided_by: 2 }} {{ 7.0 | divided_by: 2 }} {{ 3 | plus: 4 | minus: 1 | modulo: 4 }} {{ 4.567 | round: 1 }} {{ -3 | abs }} {{ 2.2 | ceil }}
||||
{{ "Hello World" | remove: "o" | replace: "l", "L" | append: "!" | prepend: ">" | size }} {{ "a-b" | split: "-" | reverse | join: "" }} {{ "  x " | strip }}| {{ "abc" | slice: 1, 2 }}
||||
{{ "<p>tags &amp; more</p>" | strip_html }} {{ "a\nb" | newline_to_br }} {{ "Text" | downcase | capitalize }} {{ nil | default: "d" }} {{ "x" | inspect }}
||||
{{- " trimmed " -}} text {%- if true -%} yes {%- endif -%} end
||||
{{ page.when }} {{ page.nested.a }}{{ page.nested.b }} {{ page.kind }} {{ page.list[0] }} {{ page.map }} {{ page.flag }}
||||
{{ page.excerpt | strip_html | strip | size | at_least: 1 | at_most: 1 }}{{ content }}
||||
{% tablerow i in (1..3) cols: 2 %}{{ i }}{% endtablerow %}
||||
{{ page.content | size | divided_by: 1000000 }} {{ jekyll.environment }} {{ "now" | date: "%Y" | size }}
||||
{% assign today = "2024-03-04" | date: "%A %-d %B %Y, week %V, day %j" %}{{ today }} {{ 1700000000 | date: "%s %H" }} {{ "March 14, 2016" | date: "%b %d, %y" }}
||||
`+"`{{ page.slug }}`"+` and `+"```{% raw %}{{ x }}{% endraw %}```"+`
||||
Text right after
* a list without blank line
# and a heading
> and a quote
||||
[返回首页](//harbour.example.org/)｜[更多](/more)
||||
<http://news.example.com/notice/1.html>
||||
A very long line of text that goes on and on, with words, with more words, and with yet more words, so that the first block of a post has more than two hundred and eighty characters, which is where a summary that is made of the text ends, whatever comes after it; and here comes some more of it, to be sure that it is long enough for that.
||||
Emoji :smile: and @mention and #123 and http://bare.example/link
||||
"Quoted at the start" and ending "quoted", 'so'. It's the '90s. 5'10" tall.
||||
(c) (tm) 1/2 << guillemets >> and <<tight>>
||||
First line
{: .x}
{: #y}

{:.z}
After a lone list of attributes
||||
Text{: .inline} and *em*{: .em #e} and [l](/l){:target="_blank" rel="nofollow"}
||||
{:ref: .refclass title="T"}
Uses a ref.
{:ref}
||||
<pre>
raw   pre *text* &amp;
</pre>
||||
<script>
if (a < b && c) { x("*y*"); }
</script>
||||
<style>p { color: red; }</style>
||||
Some<sub>2</sub> <kbd>Ctrl</kbd> <mark>x</mark> <abbr title="t">T</abbr>
||||
<img src="a.png" alt="x" /> trailing
||||
<center>centred *text*</center>
||||
A line with trailing blanks   
and   inner    blanks	and tab
||||
# 一级标题
{: .mt-4 .mb-0 }
||||
## Title with data
{: data-toc-skip='' .mt-4 }
||||
## $$\LaTeX$$ and `+"`"+`code`+"`"+` in a heading
||||
> 提示：引用块里的属性。
{: .prompt-tip }
||||
> A quote whose last line is a list of attributes.
>
> {: .prompt-info }
||||
1. First step:
`+"`"+``+"`"+``+"`"+`ruby
gem 'x'
`+"`"+``+"`"+``+"`"+`
2. Second step:
`+"`"+``+"`"+``+"`"+`yml
plugins:
  - x
`+"`"+``+"`"+``+"`"+`
3. Third.
||||
1. Indented code in a list:

   `+"`"+``+"`"+``+"`"+`sh
   make install
   `+"`"+``+"`"+``+"`"+`

2. And on.
||||
- item

      code by indentation

- next
||||
{%
  include box.html
  text="over several lines"
  n=3
%}
||||
{% capture hint %}
A *captured* hint with [a link](/x).
{% endcapture %}
{% include box.html text=hint %}
{{ hint | markdownify }}
||||
<pre>
    ---
    layout: post
    ---
    {% raw %}{% include JB/setup %}{% endraw %}
</pre>
||||
`+"`"+``+"`"+``+"`"+`
{% raw %}{% highlight java %}
{% endraw %}
int x = 1;
{% raw %}
{% endhighlight %}{% endraw %}
`+"`"+``+"`"+``+"`"+`
||||
行内公式 $e = mc^2$ 与 ${}^{171}\mathrm{Yb}^+$，行间公式：
$$
E=mc^2
$$
||||
Two backslashes \\
break a line
* * *
And a rule.
||||
**注意：**中文里的**加粗**和*斜体*，没有空格；**“引号”**紧跟文字，_下划线_也是。
||||
| 特性 | 支持 |
| ---- | :--: |
| 深色模式 | ✔️ |
| `+"`"+`a | b`+"`"+` | 管道 |
||||
|---
| Default | Left
|-|:-
| First | Second
|===
| Foot |
||||
Reference links: [GitHub][gh], [gh], and [ no such ][zz].

[gh]: https://github.example "GH"
||||
<img src="{{ '/assets/x.png' | relative_url }}" alt="{{ page.title | escape }}">
||||
![alt]({{ site.baseurl }}/assets/{{ page.slug }}.png){:height="36px" width="36px"}
||||
<div class="row" markdown="1">

| a | b |
|---|---|
| 1 | 2 |

</div>
||||
<ul>
<li>one *raw*
<li>two
</ul>
||||
* level 1
    * level 2 by four
        * level 3

        text of level 3
* back
||||
1) not a list
2) in kramdown
||||
+ plus list
+ again
   1. mixed
   2. list
||||
A line ending in two colons::
    not code, lazily continued

    but this is
||||
Email <someone@example.org>, url https://example.org/a_b_c?d=e_f and file_name_with_underscores.
||||
*[缩写]: 全称的说明
这里有缩写二字，还有 HTML 与缩写。
||||
{% assign items = "z,x,y" | split: "," | sort %}
{% for i in items %}
- {{ forloop.index }}. {{ i }}
{% endfor %}
||||
{% if true %}

Paragraph inside if.

{% endif %}
||||
{%- for i in (1..2) -%}
| {{ i }} |
{%- endfor -%}
||||
{{ site.data.ships | map: "name" | join: "、" }}。{{ "now" | date: "%Y" | size }}
||||
## 重复的标题

## 重复的标题
||||
### Heading with [link](/l) and *emphasis* #
||||
Hard<br>break and <br/> and &lt;tag&gt; and &#x4e2d;
||||
“中文引号” ‘单引号’ "straight 中文" '单' 3" 4' -- — ...……
||||
Footnote in a list:

* item[^li]

[^li]: 列表的脚注
||||
<figure>
  <img src="a.png">
  <figcaption>*caption*</figcaption>
</figure>
||||
<a href="#x" class="btn">**bold** in a link</a>
||||
<video controls><source src="v.mp4" type="video/mp4"></video>
||||
text<!-- comment -->text

<!--
block comment *x*
-->
||||
term one
term two
: both 定义
{: .dl}
||||
~~~~
~~~
tilde in tilde
~~~
~~~~
||||
`+"`"+``+"`"+``+"`"+`ruby hl_lines="1"
x = 1
`+"`"+``+"`"+``+"`"+`
||||
`+"`"+``+"`"+``+"`"+` c++
int x;
`+"`"+``+"`"+``+"`"+`
||||
`+"`"+``+"`"+``+"`"+`js{1,3}
let x;
`+"`"+``+"`"+``+"`"+`
||||
`+"`"+``+"`"+` code with `+"`"+` tick `+"`"+``+"`"+` and `+"`"+` padded `+"`"+` and `+"`"+`a`+"`"+``+"`"+`b`+"`"+`
`), "\n||||\n")
