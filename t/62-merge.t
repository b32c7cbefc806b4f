#!/usr/bin/perl
# Merge patches beside another implementation, of the rules for bytes and of
# RFC 7396's own for values: the RFC's 15 vectors, and pairs by chance, of few
# names and much white space, escapes, duplicates and nulls.

use strict;
use warnings;
use Test::More;
use Strongroom;
use Strongroom::Proc qw(run);
use Strongroom::Seed;

use constant { PAIRS => $ENV{SR_FULL} ? 1_000_000 : 110_000,
    MARK => "\x1e" };

my $seed = seeded(7396);

# -- a value as it is written: [kind, text, members or elements]; a member is
# [a word for its name, its text, value, text from name to value]

my @names = (['a', '"a"'], ['a', '"\\u0061"'], ['b', '"b"'], ['b', '"\\u0062"'],
    ['t', '"t"'], ['none', '""'], ['e', "\"\xc3\xa9\""], ['e', '"\\u00e9"'],
    ['smile', "\"\xf0\x9f\x98\x80\""], ['smile', '"\\ud83d\\uDE00"'],
    ['quote', '"a\\""'], ['slash', '"/"'], ['slash', '"\\/"']);
my @scalars = ('true', 'false', '0', '-0', '1', '1.0', '1E400', '"s"',
    '"\\u0073"', '"\\n"', '""', '"{}"', '"a,b:]"');

sub space { return $_[0] ? (('') x 4, ' ', "\n", "\t ")[rand 7] : '' }

sub value {
	my ($depth, $is_spaced) = @_;
	my $kind = rand;
	return ['null', 'null'] if $kind < 0.14;
	return ['scalar', $scalars[rand @scalars]]
	    if $kind < 0.45 || !$depth;
	return $kind < 0.55 ? array($depth, $is_spaced)
	    : object($depth, $is_spaced);
}

sub array {
	my ($depth, $is_spaced) = @_;
	my @items = map { value($depth - 1, $is_spaced) } 1 .. rand 3;
	my $text = '[' . join(',', map { space($is_spaced) . $_->[1]
	    . space($is_spaced) } @items) . (@items ? '' : space($is_spaced))
	    . ']';
	return ['array', $text, \@items];
}

sub object {
	my ($depth, $is_spaced) = @_;
	my @members = map {
		my ($name, $text) = @{ $names[rand @names] };
		my $value = value($depth - 1, $is_spaced);
		[$name, $text, $value, $text . space($is_spaced) . ':'
		    . space($is_spaced) . $value->[1]];
	} 1 .. rand 6;
	my $text = '{' . join(',', map { space($is_spaced) . $_->[3]
	    . space($is_spaced) } @members) . (@members ? ''
	    : space($is_spaced)) . '}';
	return ['object', $text, \@members];
}

# -- the rules for bytes: the text, and whether it is another one

sub last_of { my %last; $last{ $_->[0] } = $_ for @{ $_[0] }; return \%last }

sub bytes {
	my ($target, $patch) = @_;
	my $was = defined $target ? $target->[1] : undef;
	if ($patch->[0] ne 'object') {
		return ($patch->[1], !defined $was || $patch->[1] ne $was);
	}
	my $old = defined $target && $target->[0] eq 'object'
	    ? $target->[2] : undef;
	my $changed = !defined $old;
	my $new = last_of($patch->[2]);
	my $have = last_of($old // []);
	my @out;
	for my $member (@{ $old // [] }) {
		my $by = $new->{ $member->[0] };
		if (!$by) {
			push @out, $member->[3];
		} elsif ($have->{ $member->[0] } != $member
		    || $by->[2][0] eq 'null') {
			$changed = 1;
		} else {
			my ($text, $is) = bytes($member->[2], $by->[2]);
			push @out, "$member->[1]:$text";
			$changed ||= $is;
		}
	}
	for my $member (@{ $patch->[2] }) {
		next if $new->{ $member->[0] } != $member
		    || $have->{ $member->[0] } || $member->[2][0] eq 'null';
		push @out, $member->[1] . ':'
		    . (bytes(undef, $member->[2]))[0];
		$changed = 1;
	}
	return $changed ? ('{' . join(',', @out) . '}', 1) : ($was, 0);
}

# -- the values: RFC 7396, section 2, of which the last of a name is one

sub plain {
	my ($value) = @_;
	my ($kind, $text, $parts) = @$value;
	return { map { $_->[0] => plain($_->[2]) } @$parts }
	    if $kind eq 'object';
	return [map { plain($_) } @$parts] if $kind eq 'array';
	return \"$text";
}

sub merge {
	my ($target, $patch) = @_;
	return $patch if ref $patch ne 'HASH';
	my %out = ref $target eq 'HASH' ? %$target : ();
	for my $name (keys %$patch) {
		if (ref $patch->{$name} eq 'SCALAR'
		    && ${ $patch->{$name} } eq 'null') {
			delete $out{$name};
		} else {
			$out{$name} = merge($out{$name}, $patch->{$name});
		}
	}
	return \%out;
}

# One text for one value, however its members are ordered.
sub canon {
	my ($value) = @_;
	return $$value if ref $value eq 'SCALAR';
	return '[' . join(',', map { canon($_) } @$value) . ']'
	    if ref $value eq 'ARRAY';
	return '{' . join(',', map { "$_:" . canon($value->{$_}) }
	    sort keys %$value) . '}';
}

# -- reading a text back: only what is written here

my %name_of = map { $_->[1] => $_->[0] } @names;

sub parse { my ($text) = @_; return parse_value(\$text) }

sub parse_value {
	my ($in) = @_;
	$$in =~ s/\A\s+//;
	if ($$in =~ s/\A\{\s*//) {
		my @members;
		while ($$in !~ s/\A\}//) {
			$$in =~ s/\A("(?:[^"\\]|\\.)*")\s*:// or die $$in;
			my $name = $1;
			push @members, [$name_of{$name}, $name,
			    parse_value($in)];
			$$in =~ s/\A\s*,?\s*//;
		}
		return ['object', undef, \@members];
	}
	if ($$in =~ s/\A\[\s*//) {
		my @items;
		while ($$in !~ s/\A\]//) {
			push @items, parse_value($in);
			$$in =~ s/\A\s*,?\s*//;
		}
		return ['array', undef, \@items];
	}
	$$in =~ s/\A("(?:[^"\\]|\\.)*"|[-+.\w]+)// or die "no value: $$in";
	return [$1 eq 'null' ? 'null' : 'scalar', $1];
}

# -- the vectors, and the pairs

sub merged {
	my (@pairs) = @_;
	my $ran = run(cmd => [program('t/peer/merge')], stdin => join('',
	    map { $_->[0] . MARK . $_->[1] . MARK } @pairs));
	is($ran->{exit}, 0, scalar(@pairs) . ' pairs are merged')
	    || diag($ran->{err});
	return split /\x1e/, $ran->{out};
}

my @vectors = (
    ['{"a":"b"}', '{"a":"c"}', '{"a":"c"}'],
    ['{"a":"b"}', '{"b":"c"}', '{"a":"b","b":"c"}'],
    ['{"a":"b"}', '{"a":null}', '{}'],
    ['{"a":"b","b":"c"}', '{"a":null}', '{"b":"c"}'],
    ['{"a":["b"]}', '{"a":"c"}', '{"a":"c"}'],
    ['{"a":"c"}', '{"a":["b"]}', '{"a":["b"]}'],
    ['{"a":{"b":"c"}}', '{"a":{"b":"d","c":null}}', '{"a":{"b":"d"}}'],
    ['{"a":[{"b":"c"}]}', '{"a":[1]}', '{"a":[1]}'],
    ['["a","b"]', '["c","d"]', '["c","d"]'],
    ['{"a":"b"}', '["c"]', '["c"]'],
    ['{"a":"foo"}', 'null', 'null'],
    ['{"a":"foo"}', '"bar"', '"bar"'],
    ['{"e":null}', '{"a":1}', '{"e":null,"a":1}'],
    ['[1,2]', '{"a":"b","c":null}', '{"a":"b"}'],
    ['{}', '{"a":{"bb":{"ccc":null}}}', '{"a":{"bb":{}}}']);
my @got = merged(@vectors);
is(substr($got[$_], 1), $vectors[$_][2],
    "vector $_ of RFC 7396: $vectors[$_][1]") for 0 .. $#vectors;

my (@pairs, @want, @values);
for (1 .. PAIRS) {
	my $target = value(3, rand() < 0.5);
	my $patch = rand() < 0.9 ? object(3, rand() < 0.5) : value(3, 1);
	# As after a patch that came before, in part.
	$patch = $target if rand() < 0.03;
	push @pairs, [$target->[1], $patch->[1]];
	my ($text, $is) = bytes($target, $patch);
	push @want, ($is ? '+' : '=') . $text;
	push @values, [$target, $patch];
}
@got = merged(@pairs);
is(scalar @got, PAIRS, 'each has a result');
my @wrong = grep { $got[$_] ne $want[$_] } 0 .. $#pairs;
is(scalar @wrong, 0, PAIRS . ' pairs: the bytes are what the rules say');
diag("$pairs[$_][0]\n  by $pairs[$_][1]\n  is $got[$_]\n not $want[$_]")
    for @wrong[0 .. (@wrong < 3 ? $#wrong : 2)];
@wrong = grep {
	canon(plain(parse(substr $got[$_], 1)))
	    ne canon(merge(map { plain($_) } @{ $values[$_] }));
} 0 .. $#pairs;
is(scalar @wrong, 0, 'and the values are those of RFC 7396');
diag("$pairs[$_][0]\n  by $pairs[$_][1]\n  is $got[$_]")
    for @wrong[0 .. (@wrong < 3 ? $#wrong : 2)];
my $changed = grep { /\A\+/ } @got;
cmp_ok($changed, '>', PAIRS / 2, "$changed of them are changes");
cmp_ok(PAIRS - $changed, '>', PAIRS / 50, 'and some are none');
my $kept = grep { $pairs[$_][0] =~ /("(?:a|\\u0061)".*){2}/s
    && $got[$_] ne "+$pairs[$_][0]" } 0 .. $#pairs;
cmp_ok($kept, '>', 1000, "$kept have a name twice");

done_testing();
